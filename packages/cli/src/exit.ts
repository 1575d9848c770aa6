/** The exit codes of every command. */
export const exit = {
  ok: 0,
  /** The command or its turn failed. */
  failed: 1,
  usage: 2,
  /** Something was not agreed to: denied, or left for later. */
  consent: 3,
  unreachable: 4,
  /** No policy would allow the command: of `classify`, or one that was typed. */
  blocked: 5,
  /** The turn is parked: its answer is provisional, and it may go on by itself. */
  parked: 6,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exit)[keyof typeof exit];
