import type { Pause as ToldPause } from "@mainstay/sdk/pause";
import { isoTime } from "./time.ts";

/**
 * An operator's emergency stop: of everybody's commands, of all that is done for one person, or of
 * whatever one provider is asked.
 */
export interface Pause {
  readonly scope: PauseScope["scope"];
  /** Name of who set it. */
  readonly by: string;
  /** Wall time in milliseconds. */
  readonly since: number;
  readonly reason: string | null;
  /** What runs is ended, also what is only found running while the pause holds. */
  readonly ends_running: boolean;
}

/** What was paused: everybody's commands, one person, or one provider. */
export type PauseScope =
  | { readonly scope: "commands" }
  | { readonly scope: "person"; readonly person_id: string }
  | { readonly scope: "provider"; readonly provider: string };

export type PauseChange = "set" | "lifted";
export type PauseListener = (change: PauseChange) => void;

/** What is paused now; asked without waiting, because who waits may miss a pause. */
export interface PauseBoard {
  commands(): Pause | null;
  person(person_id: string): Pause | null;
  /** It is asked nothing more; what it is answering goes on unless the pause `ends_running`. */
  provider(id: string): Pause | null;
  /** Name of who lifted it last; null where nobody has since it was set last. */
  liftedBy(what: PauseScope): string | null;
  /** Hears every pause that is set or lifted. Returns the call that ends the subscription. */
  onChange(listener: PauseListener): () => void;
}

export const toldPause = ({ scope, by, since, reason }: Pause): ToldPause => ({
  ...{ scope, by, reason },
  since: isoTime(since),
});

/** `commands are paused by owner since 2026-11-22 21:40 UTC: a key leaked` */
export function pauseInWords({ scope, by, since, reason }: Pause): string {
  const when = `${isoTime(since).slice(0, 16).replace("T", " ")} UTC`;
  return `${whatIsPaused[scope]} by ${by} since ${when}${reason === null ? "" : `: ${reason}`}`;
}

const whatIsPaused: Record<Pause["scope"], string> = {
  commands: "commands are paused",
  person: "your work is paused",
  provider: "this provider is paused",
};

export function pauseSentence(pause: Pause): string {
  const words = pauseInWords(pause);
  const end = /[.!?]$/.test(words) ? "" : ".";
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${end}`;
}
