/** The bounds of the product that no single room owns. What happens at each is said beside it. */
export const limits = {
  /** A larger body is refused with `body_too_large`. */
  body_bytes: 1_048_576,
  /** Deeper JSON is refused with `malformed_json`. */
  json_depth: 64,
  /** Waiting turns of all people; past it `queue_full`. */
  waiting_turns: 1_000,
  /** Waiting turns of one person; past it `too_many_waiting`. */
  waiting_turns_a_person: 200,
  /** Running turns of one person; more wait. */
  running_turns_a_person: 5,
  /** Running turns in all; more wait. */
  running_turns: 64,
  /** Turns that no model had answered and that go on at once when models answer again; more wait. */
  waking_turns: 16,
  /** Steps of a turn; past it the turn fails with `step_limit`. */
  steps: 200,
  /** Characters of what a model says in one step, calls of tools included; past it `too_long`. */
  step_chars: 1_000_000,
  /** Tokens of a whole request; older messages are left out. */
  context_tokens: 80_000,
  /** How often a turn's conversation is shortened for a model; past it `context_too_long`. */
  compactions: 2,
  /** Tokens of history given to the model; older messages are left out. */
  history_tokens: 24_000,
  /** A tool's result past this is cut in the middle, and says so. */
  tool_result_chars: 24_000,
  /** Bytes of a command's output kept, head and tail. */
  command_output_bytes: 262_144,
  /** Wall time of a command; past it its tree is killed and its end says `timed_out`. */
  command_wall_ms: 600_000,
  /** Wall time of a background command where its call does not say. */
  background_wall_ms: 14_400_000,
  /** The longest that a command may be given, also by people; past it `limit_too_long`. */
  longest_wall_ms: 86_400_000,
  /** Commands of one person in the background; past it another is refused. */
  background_commands_a_person: 8,
  /** Resumes of a turn without progress between; past it `poisoned` (J7). */
  resumes_without_progress: 3,
  /**
   * Restarts through which one call of a turn may run on; past it `poisoned` (J7). More than resumes: a
   * long command lives through many restarts that are not its fault.
   */
  adoptions_without_progress: 10,
  /**
   * Free bytes that the disk of the data keeps for what runs already, a tenth of the disk where that
   * is less; below it new turns are refused with `disk_nearly_full`.
   */
  disk_reserve_bytes: 268_435_456,
  /**
   * How often a parked turn goes on by itself, because models answer again, without getting on; past
   * it a person must say `retry`.
   */
  wakes_without_progress: 5,
  /** Days until an unanswered approval is a denial. */
  approval_days: 7,
} as const;
export type Limits = { readonly [Name in keyof typeof limits]: number };
