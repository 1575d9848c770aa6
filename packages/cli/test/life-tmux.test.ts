import { spawnSync } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { openPty } from "./pty.ts";
import { createServedHome, root } from "./served-home.ts";

const DETACH = "\u0002d";
const has_tmux = spawnSync("tmux", ["-V"]).status === 0;
const not_run = has_tmux ? "" : " (not run: there is no tmux)";

test.skipIf(!has_tmux)(
  `tmux: detached, all runs on; with the session all ends${not_run}`,
  async () => {
    const home = await createServedHome();
    const env = { ...home.env, TMUX_TMPDIR: home.env["HOME"]! };
    const tmux = (...args: string[]) => spawnSync("tmux", ["-L", "life", ...args], { env });
    onTestFinished(() => void tmux("kill-server"));
    const line = "exec tmux -L life -f /dev/null new-session -s work ./mainstay serve";
    const terminal = openPty(line, root, env);
    const { pid } = await home.server();
    const turn_id = await home.count(20);
    terminal.types(DETACH);
    await terminal.ends();
    expect((await home.settled(turn_id)).commands).toMatchObject([{ exit_code: 0 }]);
    expect((await home.server()).pid).toBe(pid);
    await home.count(6_000);
    expect(tmux("kill-session", "-t", "work").status).toBe(0);
    await home.empty();
  },
);
