import type { Clock } from "@mainstay/sdk/clock";

/** Nobody looks at a still screen for two seconds without being told what is waited for. */
const TOLD_AFTER_MS = 1_500;
const TOLD_EVERY_MS = 2_000;

/** Tells a person what is waited for, before nothing was shown for two seconds. */
export interface Silence {
  /** What to say from now on, given for how long nothing was shown, in whole seconds. */
  words(words: (silent_s: number) => string): void;
  /** Something was shown. */
  broken(): void;
  end(): void;
}

export function createSilence(
  clock: Pick<Clock, "after" | "monotonic">,
  tell: (text: string | null) => void,
): Silence {
  let last = clock.monotonic();
  let told = false;
  let say: (silent_s: number) => string = () => "waiting";
  let disarm = clock.after(TOLD_AFTER_MS, look);

  function look(): void {
    const silent_ms = clock.monotonic() - last;
    if (silent_ms < TOLD_AFTER_MS) {
      disarm = clock.after(TOLD_AFTER_MS - silent_ms, look);
      return;
    }
    told = true;
    tell(say(Math.round(silent_ms / 1_000)));
    disarm = clock.after(TOLD_EVERY_MS, look);
  }

  function broken(): void {
    last = clock.monotonic();
    if (told) tell(null);
    told = false;
  }

  return {
    words(words) {
      say = words;
    },
    broken,
    end() {
      disarm();
      broken();
    },
  };
}
