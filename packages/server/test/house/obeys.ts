import type { Reply, ScriptFunction } from "@mainstay/fake-provider/script";
import { calls, says } from "./house.ts";

/** A model that asks for the command which a message `run …` names, and then says that it is done. */
export const obeys: ScriptFunction = ({ messages }): Reply => {
  if (messages.at(-1)!.role === "tool") return says("Done.");
  const said = String(messages.findLast(({ role }) => role === "user")!.content);
  const command = /^run (.+)$/.exec(said)?.[1];
  return command === undefined ? says("Just words.") : calls("shell", { command });
};
