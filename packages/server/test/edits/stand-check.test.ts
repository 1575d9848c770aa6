import { expect, onTestFinished, test } from "vitest";
import { openRoom } from "./room.ts";

test("what is kept is told as the last look found it; who asks how the server is starts none", async () => {
  const room = await openRoom();
  onTestFinished(() => room.close());
  const counted = () => room.edits.check().then(({ detail }) => detail);
  expect(await counted()).toBe("what is kept for undos is not counted yet");
  await room.edits.start();
  await room.edits.stop();
  expect(await counted()).toBe("1.0 MB of 2.0 MB kept for undos, since 2026-01-31");
});
