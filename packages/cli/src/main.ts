import { randomBytes, randomInt } from "node:crypto";
import { systemClock } from "@mainstay/sdk/clock";
import { readConfig } from "./config.ts";
import { exit } from "./exit.ts";
import { runProgram } from "./program.ts";
import { createScreen } from "./terminal/screen.ts";

const RANDOM_STEPS = 2 ** 32;

const { stdin, stdout, stderr } = process;

/** The reader of a pipe may leave early, as `head` does; any other fault lost what was asked for. */
const leave = (fault: NodeJS.ErrnoException) => {
  if (fault.code === "EPIPE") process.exit(exit.ok);
  stderr.write(`cannot write the output: ${fault.message}\n`);
  process.exit(exit.failed);
};
stdout.on("error", leave);
// What is said around the answer may get lost; the answer may not.
stderr.on("error", () => undefined);
let may_outlive_output = false;

/** A pipe takes the end of what was written when its reader does, and an exit would cut it off. */
async function outputTaken(): Promise<void> {
  if (may_outlive_output) return;
  // After a fault of standard output `leave` ends the process.
  await new Promise<void>((taken) => stdout.write("", (fault) => fault ?? taken()));
  await new Promise<void>((taken) => stderr.write("", () => taken()));
}

try {
  const config = readConfig();
  const code = await runProgram(process.argv.slice(2), {
    config,
    screen: createScreen({ stdout, stderr, colors: config.colors }),
    terminal: { stdin, stderr },
    interrupts: {
      listen(pressed) {
        process.on("SIGINT", pressed);
        return () => void process.off("SIGINT", pressed);
      },
    },
    clock: systemClock,
    random: () => randomInt(RANDOM_STEPS) / RANDOM_STEPS,
    newKey: () => randomBytes(16).toString("base64url"),
    outliveOutput() {
      stdout.off("error", leave);
      may_outlive_output = true;
    },
    signal: (pid, name) => void process.kill(pid, name),
  });
  await outputTaken();
  process.exit(code);
} catch (fault) {
  createScreen({ stdout, stderr, colors: false }).note(
    fault instanceof Error ? fault.message : String(fault),
    "bad",
  );
  await outputTaken();
  process.exit(exit.usage);
}
