/** A server in a process of its own, whose model says back what a person said. */
import { lastUserText } from "@mainstay/fake-provider/chat-request";
import { type FakeProvider, startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { Reply, ScriptFunction } from "@mainstay/fake-provider/script";
import { systemClock } from "@mainstay/sdk/clock";
import {
  createServerProcess,
  type ServerProcess,
} from "../packages/server/test/house/server-process.ts";

export const echoOf = (message: string): string => `You said: ${message}`;

export interface EchoServer {
  readonly server: ServerProcess;
  readonly model: FakeProvider;
  /** The model's next answer to this message waits for the call that is returned. */
  holdBack(message: string): () => void;
  close(): Promise<void>;
}

/** `also` answers before the echo does, where it has a reply. */
export async function createEchoServer(
  home: string,
  also: (said: string, ...rest: Parameters<ScriptFunction>) => Reply | null = () => null,
): Promise<EchoServer> {
  const held = new Map<string, Promise<void>>();
  const model = await startFakeProvider({
    clock: systemClock,
    script: (request, n) => {
      const said = lastUserText(request);
      const gate = held.get(said);
      held.delete(said);
      return also(said, request, n) ?? { text: echoOf(said), ...(gate && { gate }) };
    },
  });
  const server = await createServerProcess(home, model.url);
  return {
    server,
    model,
    holdBack(message) {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.set(message, promise);
      return resolve;
    },
    async close() {
      await server.kill();
      await model.close();
    },
  };
}
