import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { promisedWork } from "../../src/turn/promise.ts";

const promises = [
  "I will look at the file.",
  "Let me check.",
  "Let me check the configuration first…",
  "I'm going to run the tests and report back.",
  "Give me a moment...",
  "One moment please.",
  "Sure! I'll take a look at src/main.ts.",
  "Sure, let me read the README for you.",
  "OK. Now let me run the tests:",
  "I’ll start by reading the project's files, then I'll summarise what I found.",
  "First, I'll search the code base for usages of `parseConfig`.",
  "Great question! Let me dig into the code and get back to you.",
  "I don't know yet, so let me have a quick look.",
  "To answer that, I need to check the log file first.",
  "Checking the file now…",
  "Looking into it.",
  "I'm now running the test suite. This may take a minute.",
  "Hold on, I'll verify that.",
  "I'll get back to you once I'm done.",
  "Let's see if the build works:",
  "You're right. Let me fix that:",
  "I'll run the following command:\n```bash\nnpm test\n```",
  "The errors are in the test files, not in the package itself. Let me check whether it compiles:",
  "Tests pass. Now update the changelog:",
  "Ich werde mir die Datei ansehen.",
  "Ich schaue mir das gleich an.",
  "Lass mich kurz die Tests prüfen.",
  "Einen Moment bitte, ich prüfe das.",
  "Zuerst lese ich die Konfiguration.",
  "Je vais vérifier le fichier.",
  "Un instant, je regarde.",
  "Laissez-moi lire le README.",
  "Voy a revisar el archivo.",
  "Déjame ver la configuración.",
  "Un momento, por favor.",
];

const answers = [
  "",
  "   \n",
  "Done.",
  "4",
  "Hello! 👋",
  "I checked the file: it has 12 lines and no errors.",
  "I've run the tests and all 48 pass.",
  "The function will return null when the list is empty.",
  "The server will check the signature and then run the command.",
  "You can run `npm test` to see for yourself.",
  "Run `npm test` and I'll look at the output.",
  "Let me know if you want me to change anything.",
  "Let me know when it is deployed, then I'll check the logs.",
  "I can also run the tests if you like.",
  "If you want, I'll run the tests.",
  "Would you like me to run the tests?",
  "Shall I delete the folder? I'll do it right away then.",
  "I'll run it once you approve.",
  "I will delete the folder as soon as the request is approved.",
  "I need your approval before I run this; I'll run it then.",
  "Please paste the log and I'll look at it.",
  "Which file do you mean? I'll read it then.",
  "I can't read files outside the workspace.",
  "I will not run that command: it deletes your home folder.",
  "From now on I'll check the formatting before every commit.",
  "I'll remember that you prefer tabs.",
  "I'd be happy to help with that.",
  "Let me explain: a lease is a lock with an end.",
  "I'll keep it short: yes.",
  "I'm looking at line 3, and the index is off by one.",
  "Let me be clear: this is not safe.",
  'The log says "I will check the file" and nothing else.',
  "The comment reads `let me check` in both files.",
  "> I'll look at the file.\n\nThat line was written by the previous agent in its last message.",
  "I'll walk through it. The parser reads a token, then the reducer folds it into the state, which is saved.",
  "Let me check the file. It has three exports: parse, print and walk, and all of them are tested.",
  "Let me show it:\n```ts\nexport const add = (a: number, b: number): number => a + b;\n```",
  "Running the tests takes about five minutes.",
  "I'm running on a local model.",
  "We will look at this in the next meeting.",
  "Next, run the migration and restart the server.",
  "Ich habe die Datei geprüft: alles in Ordnung.",
  "Soll ich die Tests ausführen?",
  "Wenn du möchtest, schaue ich mir das an.",
  "Die Funktion wird die Datei prüfen.",
  "Le fichier contient trois fonctions.",
  "Si vous voulez, je vais vérifier le fichier.",
  "Dites-moi quel fichier et je vais le lire.",
  "El archivo no existe.",
  "¿Quieres que revise el archivo?",
  "I'll check the parser. ".repeat(60),
];

describe("only promises work", () => {
  test.each(promises)("%j", (answer) => expect(promisedWork(answer)).toBeTruthy());
});

describe("is an answer", () => {
  test.each(answers)("%j", (answer) => expect(promisedWork(answer)).toBeNull());
});

test("the phrase is what the answer says", () => {
  expect(promisedWork("Sure! I'll take a look at src/main.ts.")).toBe("I'll take a look");
  expect(promisedWork("Ich werde mir die Datei ansehen.")).toBe("Ich werde mir die Datei ansehen");
});

test("never throws, and the phrase is never empty", () => {
  const piece = fc.oneof(fc.constantFrom(...promises, ...answers), fc.string({ unit: "binary" }));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      expect(promisedWork(pieces.join(" "))).not.toBe("");
    }),
  );
});

const exec = RegExp.prototype.exec;
afterEach(() => {
  RegExp.prototype.exec = exec;
});

/** Characters that expressions were run over. */
function charsScanned(work: () => unknown): number {
  let chars = 0;
  RegExp.prototype.exec = function (text: string) {
    const from = this.lastIndex;
    const match = exec.call(this, text);
    const missed = this.sticky ? from + 1 : text.length;
    chars += (match === null ? missed : match.index + match[0].length) - from;
    return match;
  };
  work();
  RegExp.prototype.exec = exec;
  return chars;
}

test("its work is bounded, however long the answer", () => {
  const bound = 900 * 60;
  const units = fc.constantFrom("let me ", "`", "```", "a", ". ", "\n", '"', "ich werde ", "I'll ");
  fc.assert(
    fc.property(units, fc.constantFrom(10, 100, 300, 10_000, 200_000), (unit, times) => {
      const text = unit.repeat(times);
      expect(charsScanned(() => promisedWork(text))).toBeLessThan(bound);
    }),
  );
  expect(charsScanned(() => promisedWork("Let me check."))).toBeGreaterThan(0);
});

interface Recorded {
  message?: { role: string; content: { type: string; text?: string }[] };
}

const sessions = fileURLToPath(new URL("../../../../../shared/data/pi-sessions/", import.meta.url));

/** What a real agent said: with tool calls (an announcement of them), or as its answer. */
function recordedTexts(): { announcing: string[]; answering: string[] } {
  const said = { announcing: [] as string[], answering: [] as string[] };
  for (const file of readdirSync(sessions).filter((name) => name.endsWith(".jsonl"))) {
    for (const line of readFileSync(sessions + file, "utf8")
      .trim()
      .split("\n")) {
      const { message } = JSON.parse(line) as Recorded;
      if (message?.role !== "assistant") continue;
      const text = message.content.map((part) => (part.type === "text" ? part.text : "")).join(" ");
      const calls = message.content.some((part) => part.type === "toolCall");
      if (text.trim() !== "") said[calls ? "announcing" : "answering"].push(text);
    }
  }
  return said;
}

test.skipIf(!existsSync(sessions))("recorded sessions (not run where they are absent)", () => {
  const { announcing, answering } = recordedTexts();
  expect([announcing.length, answering.length]).toEqual([395, 102]);
  expect(answering.filter((text) => promisedWork(text) !== null)).toEqual([]);
  const noticed = announcing.filter((text) => promisedWork(text) !== null).length;
  expect(noticed / announcing.length).toBeGreaterThan(0.7);
});
