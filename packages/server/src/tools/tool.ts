import type { DenialCause } from "@mainstay/sdk/audit";
import type { CommandResult, Effect, ToolOutcome } from "@mainstay/sdk/events";
import type { z } from "zod";
import type { ConsentRequest, Onlooker } from "../execution/execution.ts";
import type { Pause } from "../kernel/pause.ts";
import type { TurnWorkspace } from "../kernel/workspace.ts";
import type { Statement } from "../edits/edits.ts";

export { nobody, type Onlooker } from "../execution/execution.ts";

export interface CallDecision {
  readonly decision: "approve" | "deny";
  readonly by: string;
  readonly because?: DenialCause;
}

/** Where and for whom a tool works. All of it comes from the server, nothing from the model. */
export interface Scene {
  readonly turn_id: string;
  readonly step: number;
  readonly call_id: string;
  /** What the call is for, on one line. */
  readonly intent: string;
  readonly person: { readonly id: string; readonly number: number };
  readonly workspace: TurnWorkspace;
  /** A person's decision on this very call; null while nobody was asked. */
  readonly decision: CallDecision | null;
}

/** How a call ended. `result` is what the model reads; it is never empty. */
export interface ToolEnd {
  readonly outcome: ToolOutcome;
  readonly result: string;
  readonly command: CommandResult | null;
  /** They go into the journal's batch with this end. */
  readonly writes?: readonly Statement[];
  /** Called once the end is in the journal: what was kept for a crash may go. */
  readonly journaled?: () => void;
}

/** What the tool would do, decided before anything is done. */
export type Prepared =
  | {
      readonly kind: "ready";
      /** Journaled durably before `execute` is called (J3). */
      readonly effect: Effect;
      /** They go into the journal's batch with the effect. */
      readonly writes?: readonly Statement[];
      /**
       * @throws the signal's reason when aborted, Paused where a pause came before it had begun. Every
       * other failure is a ToolEnd.
       */
      execute(signal: AbortSignal, onlooker: Onlooker): Promise<ToolEnd>;
    }
  /** A person must agree first. */
  | { readonly kind: "consent"; readonly request: ConsentRequest }
  /** It may run once the pause is lifted. */
  | { readonly kind: "paused"; readonly pause: Pause }
  /** It will not run; the model is told why. */
  | { readonly kind: "ended"; readonly end: ToolEnd };

/** What is known of an effect that started before a crash and has no result in the journal. */
export type Recovered =
  | { readonly kind: "ended"; readonly end: ToolEnd }
  | { readonly kind: "never_started" }
  /** It runs on, and is followed from now on: until it `ended`, or is let go of. @throws Stopping */
  | { readonly kind: "running"; ended(): Promise<ToolEnd>; letGo(): void };

/** One thing the agent can do: *prepare → execute*, and after a crash *recover*. */
export interface Tool<Input = unknown> {
  readonly name: string;
  readonly description: string;
  readonly input: z.ZodType<Input>;
  /** The one-line intent when the model gave none. */
  describe(input: Input): string;
  prepare(input: Input, scene: Scene): Promise<Prepared>;
  /**
   * Asked once at a resume for each started call without a result. Never runs the effect; the signal
   * ends one that still runs. @throws Stopping
   */
  recover(
    effect: Effect,
    scene: Scene,
    signal: AbortSignal,
    onlooker: Onlooker,
  ): Promise<Recovered>;
}
