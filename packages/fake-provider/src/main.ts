import { systemClock } from "@mainstay/sdk/clock";
import { FAKE_KEY, startFakeProvider } from "./fake-provider.ts";
import { phrases, playful } from "./playful.ts";

const DEFAULT_PORT = 7499;

const port = Number(process.argv[2] ?? DEFAULT_PORT);
try {
  const provider = await startFakeProvider({ script: playful, clock: systemClock, port });
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void provider.close());
  console.log(greeting(provider.url));
} catch (fault) {
  console.error(`fake-provider: cannot serve on port ${process.argv[2] ?? port}: ${reason(fault)}`);
  process.exitCode = 1;
}

function greeting(url: string): string {
  return `The fake model is listening on
OPENAI_BASE_URL=${url}

Start Mainstay with it in another terminal:

  OPENAI_API_KEY=${FAKE_KEY} OPENAI_BASE_URL=${url} npm start

Then try, or say help:
${phrases.map((phrase) => `  mainstay ask "${phrase}"`).join("\n")}`;
}

function reason(fault: unknown): string {
  const { code, message } = fault as NodeJS.ErrnoException;
  return code === "EADDRINUSE"
    ? "it is taken. Choose another: npm run fake-provider -- 7500"
    : message;
}
