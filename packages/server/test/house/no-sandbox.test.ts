import { expect, test } from "vitest";
import { registerFolder } from "./folder.ts";
import { calls, openHouse, says } from "./house.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

test("without a sandbox commands are refused with the fix, and everything else works", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mainstay-bare-"));
  const house = await openHouse({
    script: [
      calls("shell", { command: "touch escaped" }),
      calls("write_file", { path: "a.txt", content: "needle\n" }),
      calls("search", { pattern: "needle" }),
      says("Done without commands."),
    ],
    overrides: { bubblewrap_path: "/nonexistent/bwrap" },
  });
  try {
    await registerFolder(house.client, folder, true);
    const turn = await house.ask("go", { workspace: folder });
    expect(turn).toMatchObject({ state: "done", answer: "Done without commands." });
    expect(turn.commands).toMatchObject([{ outcome: "not_started" }]);
    const results = (await house.journal(turn.id)).filter((event) => event.type === "tool_ended");
    expect(results[0]).toMatchObject({ outcome: "error" });
    expect(results[0]!.result).toMatch(/did not run.*bwrap|bubblewrap/is);
    expect(results[2]).toMatchObject({
      outcome: "ok",
      result: expect.stringContaining("a.txt:1: needle"),
    });
  } finally {
    await house.close();
    await rm(folder, { recursive: true, force: true });
  }
});
