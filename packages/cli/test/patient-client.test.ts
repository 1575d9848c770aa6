import { createClient } from "@mainstay/sdk/client";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import { afterEach, expect, test } from "vitest";
import {
  answers,
  type Handler,
  inTurn,
  refuses,
  type ScriptedServer,
  startScriptedServer,
} from "../../sdk/test/scripted-server.ts";
import { patientClient } from "../src/conversation/patient-client.ts";
import { createScreen } from "../src/terminal/screen.ts";
import { turn } from "./scripted-agent.ts";

const cancel_route = "POST /v1/turns/turn_1/cancel";
const cut: Handler = (_, response) => void response.destroy();
const too_late = refuses({ status: 409, code: "turn_settled" });

let server: ScriptedServer;
afterEach(() => server.close());

async function open(routes: Record<string, Handler>) {
  server = await startScriptedServer(routes);
  const clock: Clock = { ...systemClock, sleep: () => Promise.resolve() };
  const connection = { clock, random: () => 0 };
  const output = { write: () => true };
  return patientClient({
    client: createClient({ base_url: server.url, key: "mst_test", fetch, ...connection }),
    screen: createScreen({ stdout: output, stderr: output, colors: false }),
    asker: undefined,
    ...connection,
  });
}

test("a cancel whose first answer was lost, and that ended the turn, is no fault when it is repeated", async () => {
  const ended = { ...turn, state: "cancelled" as const };
  const { turns } = await open({
    [cancel_route]: inTurn(cut, too_late),
    "GET /v1/turns/turn_1": answers(ended),
  });
  expect(await turns.cancel("turn_1")).toEqual(ended);
  expect(server.to(cancel_route)).toHaveLength(2);
});

test("a cancel that is refused at once, or for another reason, is", async () => {
  const { turns } = await open({ [cancel_route]: too_late });
  await expect(turns.cancel("turn_1")).rejects.toMatchObject({ problem: { code: "turn_settled" } });
  await server.close();
  const other = await open({
    [cancel_route]: inTurn(cut, refuses({ status: 404, code: "not_found" })),
  });
  await expect(other.turns.cancel("turn_1")).rejects.toMatchObject({
    problem: { code: "not_found" },
  });
});
