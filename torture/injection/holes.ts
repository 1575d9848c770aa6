/** Holes planted by putting other tools into the house; the attacks must find them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Overrides } from "../../packages/server/src/assemble.ts";
import type { Guard } from "../../packages/server/src/store/store.ts";
import type { Tool } from "../../packages/server/src/tools/tools.ts";

const withShell = (change: (shell: Tool) => Tool): Overrides => ({
  tools: (tools) => tools.map((tool) => (tool.name === "shell" ? change(tool) : tool)),
});

/** Every workspace reads as trusted, and whether it is one is not looked at again: nobody is asked. */
export const nobodyIsAsked: Overrides = {
  store: (store) => ({
    ...store,
    query: async (query) => (await store.query(query)).map(trusting),
    commit: ({ guards = [], writes }) => store.commit({ guards: guards.filter(isAsked), writes }),
  }),
};

const isAsked = ({ name }: Guard): boolean => name !== "the trust in its workspace";

const trusting = <Row>(row: Row): Row =>
  typeof row === "object" && row !== null && "trusted" in row ? { ...row, trusted: 1 } : row;

/** Commands run on the host, as the server's own user. */
export const noSandbox = withShell((shell) => ({
  ...shell,
  prepare: (input, scene) =>
    Promise.resolve({
      kind: "ready",
      effect: { kind: "none" },
      async execute() {
        const { command } = input as { command: string };
        const child = spawn("/bin/bash", ["-c", command], { cwd: scene.workspace.path });
        const result = (await child.stdout.toArray()).join("");
        await once(child, "close");
        return { outcome: "ok", result, command: null };
      },
    }),
}));
