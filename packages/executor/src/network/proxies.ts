/**
 * Opens and closes proxies as the executor orders. Each order is answered once, by the name of its
 * socket; what a command used is told while it goes on, so that it is known if this process dies.
 */
import { join } from "node:path";
import type { ProxyNews, ProxyOrder } from "./proxy-protocol.ts";
import { openProxy, type Proxy } from "./proxy.ts";
import type { Outside } from "./reach.ts";

const TELL_EVERY_MS = 1_000;

export interface ProxiesParts {
  /** By which this process reaches the folder of the sockets. */
  folder: string;
  outside: Outside;
  tell(news: ProxyNews): void;
}

interface Opened {
  proxy: Promise<Proxy>;
  stopTelling(): void;
}

export function createProxies({ folder, outside, tell }: ProxiesParts) {
  const opened = new Map<string, Opened>();

  function open({ name, hosts }: Extract<ProxyOrder, { op: "open" }>): void {
    const path = join(folder, name);
    const now: Opened = {
      proxy: openProxy({ path, hosts, outside, onUse }),
      stopTelling: () => {},
    };
    let is_telling = false;
    opened.set(name, now);
    now.proxy.then(
      () => tell({ state: "open", name }),
      (error: Error) => {
        opened.delete(name);
        tell({ state: "failed", name, why: error.message });
      },
    );

    function onUse(): void {
      if (is_telling) return;
      is_telling = true;
      now.stopTelling = outside.clock.after(TELL_EVERY_MS, () => {
        is_telling = false;
        void now.proxy.then(({ uses }) => tell({ state: "used", name, uses: uses() }));
      });
    }
  }

  async function close(name: string): Promise<void> {
    const { proxy, stopTelling } = opened.get(name) ?? {};
    opened.delete(name);
    stopTelling?.();
    const found = await proxy?.catch(() => undefined);
    await found?.close();
    stopTelling?.();
    tell({ state: "closed", name, uses: found?.uses() ?? [] });
  }

  return {
    obey(order: ProxyOrder): void {
      if (order.op === "open") open(order);
      else void close(order.name);
    },
  };
}
