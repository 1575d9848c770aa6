/**
 * The room table of ARCHITECTURE.md as data: who may import whom, type imports included.
 * `room-rules.ts` judges by it; a package or room that is not named here is an error.
 */

/** Packages of this repository, and the packages of ours that their sources may import. */
export const packages: Record<string, readonly string[]> = {
  sdk: [],
  executor: ["sdk"],
  server: ["sdk", "executor"],
  cli: ["sdk", "server"],
  "fake-provider": ["sdk"],
};

/** What `cli` may see of the server. Loaded lazily: a runtime import of it is an `import()`. */
export const room_for_cli = "commands";

/** Rooms of `packages/server/src`, and the rooms whose face they may import. */
export const rooms: Record<string, readonly string[] | "every room"> = {
  door: "every room",
  commands: "every room",
  identity: ["store"],
  admission: ["identity", "store"],
  dispatch: ["admission", "turn", "store"],
  turn: ["providers", "offline", "tools", "memory", "store"],
  providers: ["store"],
  offline: ["memory"],
  tools: ["edits", "execution", "files", "memory"],
  execution: ["identity", "store"],
  edits: ["files", "identity", "store"],
  files: ["store"],
  audit: ["store"],
  memory: ["store"],
  health: ["store"],
  store: [],
  telemetry: [],
  kernel: [],
};

/** Every room may import these, `kernel` excepted, which imports nothing. */
export const rooms_for_all = ["kernel", "telemetry"];

/** Rooms of which any file may be imported; of the others only the face, `<room>/<room>.ts`. */
export const rooms_without_face = ["store", "kernel", "telemetry"];

/** Files at the server's root. They may import any file of any room; only `commands` imports them. */
export const server_root_files = ["assemble.ts", "main.ts", "config.ts"];
