import type { QueuePlace, Turn } from "@mainstay/sdk/turn";
import { Command } from "commander";
import { commandEnd } from "../conversation/tool-lines.ts";
import { isTypedCommand } from "../conversation/typed-command.ts";
import { pauseLine } from "../conversation/pause-line.ts";
import { exit } from "../exit.ts";
import { UsageFault } from "../faults.ts";
import type { WithServer } from "../program.ts";
import { commandLine, escapePath, oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";

export function statusCommand(parts: { withServer: WithServer; screen: Screen }): Command {
  const { withServer, screen } = parts;
  return new Command("status")
    .description("show one turn: where it stands, what it did, its answer")
    .argument("<turn-id>")
    .option("--json", "print the turn as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay status turn_0123456789abcdef")
    .action((turn_id: string, { json }: { json?: boolean }) =>
      withServer(async (client) => {
        if (turn_id.trim() === "") throw new UsageFault("No turn is named; see: mainstay turns");
        const turn = await client.turns.get(turn_id);
        if (json) screen.json(turn);
        else describe(turn, screen);
        return exit.ok;
      }),
    );
}

function describe(turn: Turn, screen: Screen): void {
  const fact = (name: string, value: string) => screen.print(`${name.padEnd(9)} ${value}`);
  fact("state", turn.state);
  fact("asked", isTypedCommand(turn.message) ? commandLine(turn.message) : oneLine(turn.message));
  if (turn.queue) fact("waits", placeLine(turn.queue));
  if (turn.pause)
    fact("waits", `${pauseLine(turn.pause)}; it goes on by itself when that is lifted`);
  if (turn.state === "awaiting_approval") fact("waits", "for your consent: mainstay approvals");
  if (turn.mode && turn.answer)
    fact("answered", [turn.mode, turn.provider, turn.model].filter(Boolean).join(" · "));
  for (const command of turn.commands)
    fact("command", `${commandEnd(command)}  ${commandLine(command.command)}`);
  for (const { path } of turn.edits) fact("edit", escapePath(path));
  for (const approval of turn.approvals) fact("approval", approval);
  if (turn.error) fact("error", `${turn.error.code}: ${turn.error.message}`);
  if (turn.answer) screen.print(`\n${turn.answer}`);
}

function placeLine({ position, eta_s, reason }: QueuePlace): string {
  return `place ${position}${eta_s === null ? "" : `, about ${eta_s} s`}: ${reason}`;
}
