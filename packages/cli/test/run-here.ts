import { PassThrough } from "node:stream";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import { UsageFault } from "../src/faults.ts";
import { runProgram } from "../src/program.ts";
import { createScreen } from "../src/terminal/screen.ts";
import { folder } from "./scripted-runs.ts";

/** The command line in this process, away from a terminal. */
export async function runHere(
  args: string[],
  { server, key = "mst_test" }: { server: { url: string }; key?: string },
  clock: Clock = systemClock,
) {
  let out = "";
  let err = "";
  const code = await runProgram(args, {
    config: {
      server: { kind: "remote", base_url: server.url, key },
      home: folder,
      folder: () => folder,
      colors: false,
      version: "0",
    },
    screen: createScreen({
      stdout: { write: (text) => void (out += text) },
      stderr: { write: (text) => void (err += text) },
      colors: false,
    }),
    terminal: { stdin: new PassThrough(), stderr: new PassThrough() },
    interrupts: { listen: () => () => undefined },
    clock,
    random: () => 0.5,
    newKey: () => "key",
    outliveOutput: () => undefined,
    signal: () => undefined,
  }).catch((fault: unknown) => {
    // Main tells it and ends with the code of wrong usage.
    if (!(fault instanceof UsageFault)) throw fault;
    err += fault.message;
    return 2;
  });
  return { code, out, err };
}
