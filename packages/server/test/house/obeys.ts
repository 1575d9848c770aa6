import { lastUserText } from "@mainstay/fake-provider/chat-request";
import type { Reply, ScriptFunction } from "@mainstay/fake-provider/script";
import { calls, says } from "./house.ts";

/** A model that asks for the command which a message `run …` names, and then says that it is done. */
export const obeys: ScriptFunction = (request): Reply => {
  if (request.messages.at(-1)!.role === "tool") return says("Done.");
  const command = /^run (.+)$/.exec(lastUserText(request))?.[1];
  return command === undefined ? says("Just words.") : calls("shell", { command });
};
