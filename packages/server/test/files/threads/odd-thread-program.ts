/** A thread whose folders hang, whose work waits to be let go, and that breaks. All edits happened. */
import { threadId } from "node:worker_threads";
import { FileRefused } from "../../../src/files/refused.ts";
import { serve } from "../../../src/files/threads/serve.ts";
import { turn } from "../../../src/files/threads/turn.ts";

/** What is done for a wish, whatever its name. */
export type Odd =
  | { readonly do: "answer" }
  | { readonly do: "refuse" }
  | { readonly do: "throw" }
  | { readonly do: "break" }
  /**
   * `hang` as a system call that does not return, `wait` as a sync, while which the thread goes on: until
   * `let_go[0]` is not 0 any more. `let_go[1]` counts who has begun.
   */
  | { readonly do: "hang" | "wait"; readonly let_go: Int32Array }
  /** First the one, then the other. */
  | { readonly do: "wait, then hang"; readonly wait: Odd; readonly hang: Odd };

interface Wish {
  readonly name?: string;
  readonly given: readonly [root: { readonly odd: Odd }];
}

serve<Wish, unknown>(() => async ({ name, given: [{ odd }] }) => {
  if (name === "settle") return [{ state: "applied" }];
  await doing(odd);
  return [threadId];
});

async function doing(odd: Odd): Promise<unknown> {
  switch (odd.do) {
    case "answer":
      return;
    case "refuse":
      throw new FileRefused("conflict", "somebody else was faster");
    case "throw":
      throw new TypeError("a fault of ours");
    case "break":
      return process.nextTick(() => {
        throw new Error("the thread breaks");
      });
    case "wait, then hang":
      await doing(odd.wait);
      await turn();
      return doing(odd.hang);
    case "hang":
    case "wait":
      Atomics.add(odd.let_go, 1, 1);
      Atomics.notify(odd.let_go, 1);
      return odd.do === "hang"
        ? Atomics.wait(odd.let_go, 0, 0)
        : Atomics.waitAsync(odd.let_go, 0, 0).value;
  }
}
