import type { Asker } from "../terminal/line-reader.ts";
import type { Screen } from "../terminal/screen.ts";

/** What the person at the terminal says to one approval. */
export type Choice =
  | { kind: "decided"; decision: "approve" | "deny"; remember: boolean }
  /** It stays as it is. */
  | { kind: "later" }
  | { kind: "interrupted" }
  /** The question was taken back before it was answered. */
  | { kind: "withdrawn" };

const approve: Choice = { kind: "decided", decision: "approve", remember: false };
const remember: Choice = { kind: "decided", decision: "approve", remember: true };
const deny: Choice = { kind: "decided", decision: "deny", remember: false };
const later: Choice = { kind: "later" };

const words = new Map<string, Choice>([
  ...["a", "approve", "approve once", "once"].map((word) => [word, approve] as const),
  ...["r", "remember", "remember as a rule", "rule"].map((word) => [word, remember] as const),
  ...["d", "deny", "n", "no"].map((word) => [word, deny] as const),
  ...["l", "later"].map((word) => [word, later] as const),
]);

/** Asks until there is a word that it knows; no word stands for consent but those it offers. */
export async function askChoice(
  asker: Asker,
  screen: Screen,
  can_remember: boolean,
  withdrawn: AbortSignal,
): Promise<Choice> {
  const question = can_remember
    ? "  [a]pprove once  [r]emember as a rule  [d]eny  [l]ater > "
    : "  [a]pprove once  [d]eny  [l]ater > ";
  for (;;) {
    const reply = await asker.ask(question, withdrawn);
    if (reply.kind === "withdrawn" || reply.kind === "interrupted") return { kind: reply.kind };
    if (reply.kind === "ended") return later;
    const choice = words.get(reply.text.trim().toLowerCase());
    if (choice && (choice !== remember || can_remember)) return choice;
    screen.note(hint(choice === remember, can_remember));
  }
}

function hint(wants_rule: boolean, can_remember: boolean): string {
  if (wants_rule) return "  No rule can say this command; please type a, d or l.";
  return `  Please type ${can_remember ? "a, r, d or l" : "a, d or l"}.`;
}
