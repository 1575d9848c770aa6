import { systemClock } from "@mainstay/sdk/clock";
import { fake_key, startFakeProvider } from "./fake-provider.ts";
import { playful } from "./playful.ts";

const default_port = 7499;

const port = Number(process.argv[2] ?? default_port);
const provider = await startFakeProvider({ script: playful, clock: systemClock, port });
console.log(`OPENAI_API_KEY=${fake_key}\nOPENAI_BASE_URL=${provider.url}`);
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void provider.close());
