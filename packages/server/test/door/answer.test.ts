import { getEventListeners } from "node:events";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { answer } from "../../src/door/answer.ts";
import { endpoint } from "../../src/door/endpoint.ts";
import { Stopping } from "../../src/kernel/errors.ts";

/** One request whose handler takes its signal; the server's stop is at hand. */
async function answered() {
  const stop = new AbortController();
  const signals: AbortSignal[] = [];
  const own = endpoint(
    {
      method: "get",
      path: "/",
      summary: "x",
      auth: "none",
      responses: { 200: { description: "x" } },
    },
    async ({ connection }) => {
      signals.push(connection.signal);
      return { status: 200 };
    },
  );
  const incoming = new IncomingMessage(new Socket());
  const outgoing = new ServerResponse(incoming);
  const parts = { authenticate: async () => null, report: () => {}, stopping: stop.signal };
  const request = new Request("http://local/");
  await answer(own, request, {}, { over: "local", incoming, outgoing }, parts);
  return { stop, outgoing, signals };
}

test("a request's signal aborts with the server's stop", async () => {
  const { stop, signals } = await answered();
  stop.abort(new Stopping());
  expect(signals.map((signal) => signal.reason)).toEqual([new Stopping()]);
});

test("a request that is over holds nothing for as long as the server lives", async () => {
  const { stop, outgoing } = await answered();
  expect(getEventListeners(stop.signal, "abort")).toHaveLength(1);
  outgoing.emit("close");
  expect(getEventListeners(stop.signal, "abort")).toHaveLength(0);
});
