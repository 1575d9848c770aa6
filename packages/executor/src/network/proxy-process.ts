/** The process of the proxies, as its executor sees it. */
import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { readLines, sendLine } from "../lines.ts";
import { ProxyNews, type ProxyOrder } from "./proxy-protocol.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const HEAP_LIMIT_MIB = 128;
/** Each resolution of a name has one while it lasts; a command has at most four at a time. */
const THREADS = 16;
const SAID_LIMIT_CHARS = 2_000;

export interface ProxyProcess {
  order(order: ProxyOrder): void;
  /** Lets it go; it ends at once. */
  end(): void;
  kill(): void;
}

export interface ProxyProcessParts {
  node_path: string;
  /** Of the folder in which it makes the sockets. */
  folder: number;
  /** That it takes on; null where it stays who it is. */
  uid: number | null;
  hear(news: ProxyNews): void;
  /** Once; with what it said last, or why it could not be started. */
  onGone(why: string): void;
}

export function startProxyProcess(parts: ProxyProcessParts): ProxyProcess {
  const child = spawn(
    parts.node_path,
    [
      ...["--disable-warning=ExperimentalWarning", "--max-semi-space-size=1"],
      ...[`--max-old-space-size=${HEAP_LIMIT_MIB}`, MAIN],
      ...(parts.uid === null ? [] : [String(parts.uid)]),
    ],
    {
      cwd: "/",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", UV_THREADPOOL_SIZE: String(THREADS) },
      stdio: ["ignore", "ignore", "pipe", "pipe", parts.folder],
    },
  );
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-SAID_LIMIT_CHARS);
  });
  child.once("error", (error) => parts.onGone(error.message));
  child.once("close", (code, signal) => parts.onGone(said.trim() || `exit ${code ?? signal}`));
  // Where it could not be spawned it has no streams; `error` follows.
  const line = child.stdio?.[3] as Socket | undefined;
  line?.on("error", () => {}); // it has ended, and says why
  if (line !== undefined) readLines(line, (news) => parts.hear(ProxyNews.parse(news)));
  return {
    order: (order) => line !== undefined && sendLine(line, order),
    end: () => line?.destroy(),
    kill: () => child.kill("SIGKILL"),
  };
}
