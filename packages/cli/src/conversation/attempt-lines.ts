import { faultInWords } from "@mainstay/sdk/attempt-faults";
import type { BodyOf, ClientEvent } from "@mainstay/sdk/events";
import { oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";

/**
 * Says of each model that did not answer what was wrong, and who is asked instead, in one line. When
 * nobody is, the turn's own answer says it.
 */
export function createAttemptLines(screen: Screen): (event: ClientEvent) => void {
  let failed: BodyOf<"attempt_failed"> | null = null;
  const tell = (then: string) => {
    if (failed !== null) screen.note(`${faultOf(failed)}${then}`, "dim");
    failed = null;
  };
  return (event) => {
    switch (event.type) {
      case "attempt_failed":
        tell("");
        if (event.code !== "cancelled") failed = event;
        return;
      case "attempt_started":
        return tell(`; asking ${isSame(failed, event) ? "it again" : nameOf(event)}`);
      case "compacted":
        return tell("; asking with less of what was said before");
      case "parked":
      case "settled":
        failed = null;
        return;
      default:
        return;
    }
  };
}

const nameOf = ({ provider, model }: { provider: string; model: string }) =>
  oneLine(`${provider}/${model}`);

const isSame = (failed: BodyOf<"attempt_failed"> | null, asked: BodyOf<"attempt_started">) =>
  failed !== null && nameOf(failed) === nameOf(asked);

/** `groq/llama: it was overloaded (503: try again later)` */
const faultOf = (failed: BodyOf<"attempt_failed">): string =>
  `${nameOf(failed)}: ${faultInWords(failed.code)} (${oneLine(failed.message)})`;
