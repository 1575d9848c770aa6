import type { BodyOf } from "@mainstay/sdk/events";

/** `!=`, `!!` and `!` alone are no commands for the server either. */
const TYPED = /^\s*!\s*[^!=\s]/u;

/** A message that is a command of the person's own, which runs without a model. */
export const isTypedCommand = (message: string): boolean => TYPED.test(message);

/** It ran to its end and says that all went well. */
export const ranWell = ({ outcome, command }: BodyOf<"tool_ended">): boolean =>
  outcome === "ok" && command?.exit_code === 0;

/** No policy would allow it; the journal has that in the first word of the result. */
export const isBlocked = ({ outcome, result, command }: BodyOf<"tool_ended">): boolean =>
  outcome === "denied" && command === null && result.startsWith("Blocked: ");

/** It was asked about where nobody could answer; that, too, is in the first words. */
export const isUnanswered = ({ outcome, result, command }: BodyOf<"tool_ended">): boolean =>
  outcome === "denied" && command === null && result.startsWith("Not answered: ");
