import { expect, test } from "vitest";
import type { Commands } from "../../src/execution/execution.ts";
import { Refusal } from "../../src/kernel/errors.ts";
import { commandStatusTool } from "../../src/tools/command-status.ts";
import { nobody, type Scene } from "../../src/tools/tool.ts";

test("output that cannot be told is not taken for none", async () => {
  const commands = {
    ofAgent: () => ({
      get: async (id: string) => ({ id, outcome: { summary: "exit 0, 1.0 s" } }),
      output: () =>
        Promise.reject(new Refusal("output_gone", "It printed 7 bytes; they are gone.")),
    }),
  } as unknown as Commands;
  const prepared = await commandStatusTool({ commands }).prepare({ id: "cmd_1" }, {} as Scene);
  if (prepared.kind !== "ready") throw new Error(prepared.kind);
  expect(await prepared.execute(new AbortController().signal, nobody)).toMatchObject({
    outcome: "ok",
    result:
      "cmd_1 has ended: exit 0, 1.0 s.\nWhat it printed cannot be told: It printed 7 bytes; they are gone.",
  });
});
