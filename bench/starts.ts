import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import { type Claim, peers } from "./claim.ts";
import { scratchFolder } from "./house.ts";
import { median } from "./sample.ts";
import { startServer } from "./server.ts";

const STARTS = 5;
/** Nobody listens there, and no start asks a provider. */
const provider_url = "http://127.0.0.1:9/v1";

/** First starts find no data and no compiled code; later ones find both. */
export async function measureStarts(clock: Clock, stop: AbortSignal): Promise<Claim[]> {
  const first: number[] = [];
  const later: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    stop.throwIfAborted();
    await using folder = await scratchFolder();
    const home = join(folder.path, "home");
    const compile_cache = join(folder.path, "compiled");
    const start = async () => {
      await using server = await startServer({ home, compile_cache, provider_url, clock });
      return server.ready_ms / 1000;
    };
    first.push(await start());
    later.push(await start());
  }
  const line = (claim: string, sample: number[], note: string): Claim => ({
    ...{ claim, n: STARTS, measured: median(sample), unit: "s", note },
    target: peers("at most", 3.5),
  });
  return [
    line("process start to ready, first start", first, "new data folder, no compiled code"),
    line("process start to ready, later starts", later, "median, compiled code kept"),
  ];
}
