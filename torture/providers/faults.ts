import { wireFault } from "@mainstay/fake-provider/faults";
import type { Reply } from "@mainstay/fake-provider/script";
import type { ModelRequest } from "../../packages/server/src/kernel/model.ts";
import { requestOf } from "../../packages/server/test/providers/pool.ts";
import { rounds } from "../plan.ts";
import { type WireName, wireNames } from "@mainstay/fake-provider/wires/wires";

/** What is wrong with the first of two targets, in all that it answers. */
export interface FirstFault {
  readonly name: string;
  readonly reply: Reply;
  readonly as?: WireName;
  readonly is_refused?: true;
  /** Calls that may be lost on it. */
  readonly wasted: number;
}

const WASTED = 4;
const body = { error: { message: "Scripted.", type: "scripted" } };
const status = (code: number, headers?: Record<string, string>): Reply => ({
  status: code,
  body,
  ...(headers && { headers }),
});
const call = (input: object | string) => ({
  tool_calls: [{ name: "read_file", arguments: input }],
});
const events = (...data: readonly object[]): Reply => ({
  status: 200,
  headers: { "content-type": "text/event-stream" },
  body: data.map((each) => `data: ${JSON.stringify(each)}\n\n`).join(""),
});

const plain: readonly FirstFault[] = [
  { name: "refused", reply: status(500), is_refused: true, wasted: WASTED },
  { name: "503", reply: status(503), wasted: WASTED },
  { name: "500", reply: status(500), wasted: WASTED },
  { name: "429", reply: status(429), wasted: WASTED },
  { name: "429, Retry-After", reply: status(429, { "retry-after": "30" }), wasted: WASTED },
  { name: "401", reply: status(401), wasted: 1 },
  { name: "402", reply: status(402), wasted: 1 },
  { name: "403", reply: status(403), wasted: 1 },
  { name: "HTML", reply: { html: true }, wasted: WASTED },
  { name: "empty 200", reply: { nothing: true }, wasted: WASTED },
  { name: "empty answer", reply: { empty: true }, wasted: WASTED },
  { name: "error under 200", reply: { error_in_200: body }, wasted: WASTED },
  { name: "error in the stream", reply: { text: "x", error_in_stream_after: 0 }, wasted: WASTED },
  { name: "bytes for events", reply: { garbage: "bytes" }, wasted: WASTED },
  { name: "events of no JSON", reply: { garbage: "json" }, wasted: WASTED },
  { name: "bad tool JSON", reply: call('{"path": "a'), wasted: WASTED },
  {
    name: "cut tool JSON",
    reply: { ...call({ path: "a" }), truncate_tool_json: true },
    wasted: WASTED,
  },
  { name: "tool input of a wrong schema", reply: call({ path: 7 }), wasted: WASTED },
  { name: "events of a wrong schema", reply: events({ choices: "none" }), wasted: WASTED },
  { name: "events of a strange schema", reply: events({ answer: "hello" }), wasted: WASTED },
  { name: "a plan", reply: { text: '{"action": "think", "plan": ["a"]}' }, wasted: WASTED },
];

const everyKind = ["rate", "rate_day", "overload", "server_error", "auth", "payment"] as const;

/** As the named providers word them. */
const named: readonly FirstFault[] = wireNames
  .filter((as) => as !== "openai")
  .flatMap((as) =>
    everyKind.slice(0, rounds({ short: 1, long: everyKind.length })).map((kind) => ({
      name: `${kind} of ${as}`,
      reply: wireFault(as, kind),
      as,
      wasted: kind === "auth" || kind === "payment" ? 1 : WASTED,
    })),
  );

export const firstFaults: readonly FirstFault[] = [...plain, ...named];

/** A request whose one tool takes a path. */
export const requestWithTool: ModelRequest = requestOf("What is in it?", {
  tools: [
    {
      name: "read_file",
      description: "Reads a file.",
      parameters: {
        type: "object",
        properties: { path: { type: "string" } },
        required: ["path"],
      },
    },
  ],
  check: ({ input }) => {
    try {
      const { path } = JSON.parse(input) as { path?: unknown };
      return typeof path === "string" ? null : "path must be a string";
    } catch {
      return "the arguments are no JSON";
    }
  },
});
