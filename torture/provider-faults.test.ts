/**
 * Every fault on the first of two targets: all are answered by the second, and few calls are lost on
 * the first before it is left alone.
 */
import { expect, test } from "vitest";
import { type FirstFault, firstFaults, requestWithTool } from "./providers/faults.ts";
import { forgetful, planted } from "./providers/planted-pool.ts";
import { type Asked, callsOf, type OpenPort, openScene } from "./providers/scene.ts";
import type { ModelRequest } from "../packages/server/src/kernel/model.ts";
import { report, rounds } from "./plan.ts";

const TURNS = rounds({ short: 20, long: 100 });
const ANSWER = "The second target's answer.";

interface Asking {
  readonly request?: ModelRequest;
  readonly open?: OpenPort;
}

async function turnsWith(
  { reply, as, is_refused }: FirstFault,
  { request = requestWithTool, open }: Asking = {},
): Promise<Asked[]> {
  const scene = await openScene({
    scripts: [() => reply, () => ({ text: ANSWER })],
    ...(as && { as }),
    ...(is_refused && { is_refused }),
    ...(open && { open }),
  });
  try {
    const steps: Asked[] = [];
    for (let turn = 0; turn < TURNS; turn++) steps.push(await scene.ask(request));
    return steps;
  } finally {
    await scene.close();
  }
}

test.each(firstFaults)("$name: all are answered by the second target", async (fault) => {
  const steps = await turnsWith(fault);
  const wasted = callsOf("p1", steps);
  for (const { shown, fault: thrown, parts } of steps) {
    expect({ shown, thrown }).toEqual({ shown: ANSWER, thrown: null });
    expect(parts.at(-1)).toMatchObject({ type: "finish", provider: "p2", mode: "reduced" });
  }
  expect(wasted).toBeGreaterThan(0);
  expect(wasted).toBeLessThanOrEqual(fault.wasted);
  report(`${fault.name} on the first of two`, TURNS, `all answered, ${wasted} calls wasted`);
});

const faultNamed = (name: string): FirstFault => firstFaults.find((each) => each.name === name)!;

test.each(["503", "401"])(
  "planted: a pool that learns nothing of %s wastes a call a turn",
  async (name) => {
    const steps = await turnsWith(faultNamed(name), { open: planted(forgetful) });
    expect(callsOf("p1", steps)).toBe(TURNS);
  },
);

test("planted: where nobody looks at calls, one of a wrong schema is let through", async () => {
  const request = { ...requestWithTool, check: () => null };
  const [step] = await turnsWith(faultNamed("tool input of a wrong schema"), { request });
  expect(step!.parts.at(-1)).toMatchObject({ type: "finish", provider: "p1" });
});
