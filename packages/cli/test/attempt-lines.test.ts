import type { ClientEvent, JournalBody } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import { createAttemptLines } from "../src/conversation/attempt-lines.ts";
import { createScreen } from "../src/terminal/screen.ts";

const at = (provider: string) => ({ ...{ step: 1, attempt: 1 }, ...{ provider, model: "m" } });
const asked = (provider: string): JournalBody => ({
  ...{ type: "attempt_started", why: "first", ...at(provider) },
});
const failed = (provider: string, code: string, message: string): JournalBody => ({
  ...{ type: "attempt_failed", ...at(provider), code, message },
});

function linesOf(...bodies: JournalBody[]): string[] {
  const said: string[] = [];
  const output = { write: (text: string) => void said.push(text.trimEnd()) };
  const hear = createAttemptLines(createScreen({ stdout: output, stderr: output, colors: false }));
  bodies.forEach((body, i) => hear({ ...body, seq: i + 1, at: i } as ClientEvent));
  return said;
}

test("a model that fails is named with its fault, and who is asked instead", () =>
  expect(
    linesOf(
      ...[asked("groq"), failed("groq", "overload", "503: \u001b[2Jlater")],
      ...[asked("mistral"), failed("mistral", "malformed", "HTML")],
      { type: "step_restarted", step: 1, attempt: 2, cause: "cut" },
      asked("mistral"),
    ),
  ).toEqual([
    "groq/m: it was overloaded (503: \\u{1b}[2Jlater); asking mistral/m",
    "mistral/m: its reply was not readable (HTML); asking it again",
  ]));

test("what was too long is said to be asked with less", () =>
  expect(
    linesOf(
      ...[asked("groq"), failed("groq", "context_too_long", "8192 at most")],
      {
        ...{ type: "compacted", step: 1, times: 1, left_out: 4 },
        ...{ tokens_before: 9_000, tokens_after: 4_500 },
      },
      asked("groq"),
    ),
  ).toEqual([
    "groq/m: the request was too long for it (8192 at most); asking with less of what was said before",
  ]));

test("the last failure of all is the answer's to tell, and a cancelled attempt is none", () => {
  const parked: JournalBody = { type: "parked", answer: "No model.", cause: "503" };
  expect(linesOf(asked("groq"), failed("groq", "overload", "503"), parked)).toEqual([]);
  expect(linesOf(asked("groq"), failed("groq", "cancelled", "left"), asked("groq"))).toEqual([]);
});
