import { Command } from "commander";
import type { Run } from "../program.ts";

export function serveCommand({ run }: { run: Run }): Command {
  return new Command("serve")
    .description("run the server until it is stopped")
    .addHelpText("after", "\nExample:\n  $ mainstay serve")
    .action(() =>
      run(async () => {
        const { serve } = await import("@mainstay/server/commands/serve");
        return serve();
      }),
    );
}
