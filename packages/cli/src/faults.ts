import { ProblemError, Unreachable } from "@mainstay/sdk/call";
import type { Problem } from "@mainstay/sdk/problem";
import type { ServerAddress } from "./config.ts";
import { SOCKET_URL } from "./connect.ts";
import { exit, type ExitCode } from "./exit.ts";
import { Interrupted } from "./terminal/interrupts.ts";
import type { Screen } from "./terminal/screen.ts";

/** What the person asked for cannot be done as they put it; the message says how to put it. */
export class UsageFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageFault";
  }
}

/** The server did not come back while its answer was waited for. */
export class StayedAway extends Unreachable {
  /** Absent where it is not known whether the request was accepted. */
  readonly turn_id: string | undefined;

  constructor(turn_id: string | undefined, last: Unreachable) {
    super(last.message, { cause: last });
    this.name = "StayedAway";
    this.turn_id = turn_id;
  }
}

/** Says what went wrong and what to do about it. Faults become text and exit codes here only. */
export function reportFault(fault: unknown, server: ServerAddress, screen: Screen): ExitCode {
  if (fault instanceof Interrupted) return exit.interrupted;
  const lines =
    fault instanceof ProblemError ? problemLines(fault.problem) : [messageOf(fault, server)];
  for (const line of lines) screen.note(line, "bad");
  if (fault instanceof ProblemError && fault.problem.code === "unauthenticated")
    screen.note(`The key comes from ${keySource(server)}.`);
  if (fault instanceof UsageFault) return exit.usage;
  if (!(fault instanceof Unreachable)) return exit.failed;
  if (fault instanceof StayedAway) screen.note(whereToLook(fault));
  for (const line of howToReach(server)) screen.note(line);
  return exit.unreachable;
}

function keySource(server: ServerAddress): string {
  const is_owners = server.kind === "local" && server.key === undefined;
  return is_owners ? `${server.home}/owner.key` : "MAINSTAY_KEY";
}

function whereToLook({ turn_id }: StayedAway): string {
  return turn_id === undefined
    ? "It did not come back. If it took the request, that is not lost: mainstay turns"
    : `It did not come back. The turn goes on when it does: mainstay status ${turn_id}`;
}

function howToReach(server: ServerAddress): string[] {
  return server.kind === "local"
    ? [
        "Start it: npm start (in the clone), or: mainstay serve",
        "If yours uses another folder, set MAINSTAY_HOME as you did for npm start.",
      ]
    : [`MAINSTAY_URL says ${server.base_url}: is that right, and does the server run there?`];
}

export function problemLines({ title, detail, errors = [], retry_after_s }: Problem): string[] {
  return [
    repeats(detail, title) ? detail : `${title}: ${detail}`,
    ...errors
      .filter(({ expected, got }) => !detail.includes(`${expected}, got ${got}`))
      .map(({ pointer, expected, got, fix }) => {
        return `  ${pointer || "/"}: expected ${expected}, got ${got}; ${fix}`;
      }),
    ...(retry_after_s === undefined ? [] : [`  Try again in ${Math.ceil(retry_after_s)} s.`]),
  ];
}

/** "This folder cannot be …" after "The folder cannot be …:" would say it twice; so does "edit_1 cannot be …". */
function repeats(detail: string, title: string): boolean {
  const words = detail.toLowerCase().replaceAll(/\b([a-z]+)_\w+/g, "$1");
  return words.includes(title.toLowerCase().replace(/^the /, ""));
}

function messageOf(fault: unknown, server: ServerAddress): string {
  if (!(fault instanceof Error)) return String(fault);
  if (server.kind === "remote" || !(fault instanceof Unreachable)) return fault.message;
  return fault.message.replace(SOCKET_URL, `The server for MAINSTAY_HOME=${server.home}`);
}
