import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startTimeIn } from "@mainstay/sdk/process-stat";
import { expect, onTestFinished, test } from "vitest";
import { counted, createServedHome, root, type ServedHome } from "./served-home.ts";
import { runCli } from "./run-cli.ts";

/** Starts the server again and again, as some supervisors do, until the file is there. */
const SUPERVISOR = `while [ ! -e "$MAINSTAY_HOME/enough" ]; do ./mainstay serve; done`;

interface Supervised extends ServedHome {
  /** Kills the server, which is not started again; resolves when its process is gone. */
  loseServer(): Promise<void>;
}

async function supervised(): Promise<Supervised> {
  const home = await createServedHome();
  const env = { ...home.env, PATH: home.env["PATH"] };
  const supervisor = spawn("bash", ["-c", SUPERVISOR], { cwd: root, env, stdio: "ignore" });
  const ended = once(supervisor, "exit");
  onTestFinished(async () => {
    supervisor.kill("SIGKILL");
    await ended;
  });
  await home.server();
  return {
    ...home,
    async loseServer() {
      const { pid } = await home.server();
      await writeFile(join(home.env["MAINSTAY_HOME"]!, "enough"), "");
      process.kill(pid, "SIGKILL");
      await ended;
    },
  };
}

test("a supervisor: through SIGTERM and kill -9 the command runs on, and its turn ends with the real result", async () => {
  const home = await supervised();
  const first = await home.server();
  const turn_id = await home.count(80);
  process.kill(first.pid, "SIGTERM");
  const second = await home.server(first.pid);
  process.kill(second.pid, "SIGKILL");
  await home.server(second.pid);
  const turn = await home.settled(turn_id);
  expect(turn).toMatchObject({ state: "done", commands: [{ outcome: "exited", exit_code: 0 }] });
  expect(turn.answer).toContain(counted(80).trimEnd());
});

test("mainstay stop also ends what a killed server left running", async () => {
  const home = await supervised();
  await home.count(6_000);
  await home.loseServer();
  const run = runCli(["stop", "--json"], { env: home.env, cwd: root });
  expect(await run.exits()).toBe(0);
  expect(JSON.parse(run.stdout())).toEqual({ pid: null, stopped: true });
  await home.empty();
  const again = runCli(["stop"], { env: home.env, cwd: root });
  expect(await again.exits()).toBe(0);
  expect(again.stdout()).toContain("No server runs");
});

test("mainstay stop ends commands also where its server was only leaving them", async () => {
  const home = await supervised();
  await home.count(6_000);
  await home.loseServer();
  // As it is once the wish of an earlier SIGTERM has its way: the server ends, and nothing else does.
  const leaver = spawn("sleep", ["1000"], { stdio: "ignore" });
  onTestFinished(() => void leaver.kill("SIGKILL"));
  await once(leaver, "spawn");
  const starttime = startTimeIn(await readFile(`/proc/${leaver.pid}/stat`, "latin1"));
  const card = { pid: leaver.pid, starttime, url: "http://127.0.0.1:9", version: "1" };
  const file = join(home.env["MAINSTAY_HOME"]!, "run", "server.json");
  await writeFile(file, JSON.stringify(card));
  const run = runCli(["stop", "--json"], { env: home.env, cwd: root });
  expect(await run.exits()).toBe(0);
  expect(JSON.parse(run.stdout())).toEqual({ pid: leaver.pid, stopped: true });
  await home.empty();
});

test("mainstay stop names an executor that does not answer, instead of saying that nothing runs", async () => {
  const home = await supervised();
  await home.count(6_000);
  await home.loseServer();
  const executor = Number(
    home
      .running()
      .find((line) => line.includes("executor/src/main.ts"))
      ?.split(" ")[0],
  );
  process.kill(executor, "SIGSTOP");
  const run = runCli(["stop"], { env: home.env, cwd: root });
  expect(await run.exits()).toBe(1);
  expect(run.stderr()).toContain(`the executor (pid ${executor}) does not answer`);
  process.kill(executor, "SIGCONT");
  const again = runCli(["stop"], { env: home.env, cwd: root });
  expect(await again.exits()).toBe(0);
  await home.empty();
});
