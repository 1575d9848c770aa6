import { lastUserText } from "@mainstay/fake-provider/chat-request";
import { replyTo, type Script, type ScriptFunction } from "@mainstay/fake-provider/script";
import { PROBE_TEXT } from "../../src/providers/engine/prober.ts";

/**
 * Replies in an array are for what people ask, in its order: a probe of the server, which comes when a
 * target is away for some seconds, takes none of them, and learns nothing good.
 */
export function besideProbes(script: Script): ScriptFunction {
  if (typeof script === "function") return script;
  let asked = 0;
  return (request) =>
    lastUserText(request) === PROBE_TEXT ? { status: 503 } : replyTo(script, request, ++asked);
}
