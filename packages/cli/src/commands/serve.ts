import { Command } from "commander";
import type { Run } from "../program.ts";

export interface ServeParts {
  run: Run;
  outliveOutput: () => void;
}

export function serveCommand({ run, outliveOutput }: ServeParts): Command {
  return new Command("serve")
    .description("run the server until it is stopped")
    .addHelpText("after", "\nExample:\n  $ mainstay serve")
    .action(() =>
      run(async () => {
        const { serve } = await import("@mainstay/server/commands/serve");
        outliveOutput();
        return serve();
      }),
    );
}
