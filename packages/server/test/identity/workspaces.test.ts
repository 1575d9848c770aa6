import {
  chown,
  link,
  lstat,
  mkdir,
  readdir,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { checkFolder } from "../../src/identity/folder-rules.ts";
import type { Person } from "../../src/identity/identity.ts";
import { localHomes } from "../../src/identity/local-homes.ts";
import { Refusal } from "../../src/kernel/errors.ts";
import { handClock } from "../door/hand-clock.ts";
import { openIdentity } from "./open-identity.ts";

type House = Awaited<ReturnType<typeof openIdentity>>;

/** What a registration keeps of a folder beside its path. */
async function identityOf(path: string) {
  const { ino, uid } = await lstat(path, { bigint: true });
  return { ino: String(ino), owner_uid: Number(uid) };
}

/** A house with an admin and a folder of theirs. */
async function furnished(wishes: Parameters<typeof openIdentity>[0] = {}) {
  const house = await openIdentity(wishes);
  const admin = await house.addPerson(1, "admin");
  const project = join(house.folder, "project");
  await mkdir(project);
  return { ...house, admin, project };
}

async function refusalOf(asked: Promise<unknown>): Promise<Refusal> {
  const error = await asked.then(
    () => new Error("it was not refused"),
    (refused: unknown) => refused,
  );
  if (error instanceof Refusal) return error;
  throw error;
}

async function challenge(house: House, person: Person, path: string): Promise<string> {
  const refusal = await refusalOf(house.identity.workspaces.register(person, { path }));
  expect(refusal.code).toBe("workspace_unproven");
  const file = refusal.extra.proof?.file ?? "";
  expect(file).toMatch(/^\.mainstay-proof-[0-9a-f]{32}$/);
  return file;
}

async function register(house: House, person: Person, path: string, trust?: boolean) {
  const proof = await challenge(house, person, path);
  await writeFile(join(path, proof), "");
  const wish = trust === undefined ? { path, proof } : { path, proof, trust };
  const workspace = await house.identity.workspaces.register(person, wish);
  await rm(join(path, proof));
  return workspace;
}

test("a proven folder is registered, and again it is the same without a proof", async () => {
  await using house = await furnished();
  const { workspaces } = house.identity;
  const first = await register(house, house.admin, house.project);
  expect(first).toMatchObject({ path: house.project, trusted: false, private: false });
  expect(await workspaces.register(house.admin, { path: `${house.project}/` })).toEqual(first);
  expect(await workspaces.list(house.admin)).toEqual([first]);
  expect(first).not.toHaveProperty("ino");
  expect(await workspaces.resolve(house.admin, first.id)).toEqual({
    ...{ id: first.id, path: house.project },
    ...(await identityOf(house.project)),
  });
  expect(await workspaces.resolve(house.admin, house.project)).toMatchObject({ id: first.id });
});

test("trust changes only when asked, and with a proof", async () => {
  await using house = await furnished();
  const { workspaces } = house.identity;
  const wish = { path: house.project };
  await register(house, house.admin, house.project, true);
  expect((await workspaces.register(house.admin, wish)).trusted).toBe(true);
  const lower = workspaces.register(house.admin, { ...wish, trust: false });
  const { extra } = await refusalOf(lower);
  const proof = extra.proof?.file ?? "";
  await writeFile(join(house.project, proof), "");
  expect(await workspaces.register(house.admin, { ...wish, proof, trust: false })).toMatchObject({
    trusted: false,
  });
  expect(await workspaces.list(house.admin)).toHaveLength(1);
  const trail = await house.store.query(house.store.sql.selectFrom("audit").select("body"));
  expect(trail.map(({ body }) => JSON.parse(body))).toMatchObject([
    { kind: "workspace_trusted", trusted: true },
    { kind: "workspace_trusted", trusted: false },
  ]);
});

test("another folder at a known path needs a proof of its own and is not trusted", async () => {
  await using house = await furnished();
  const first = await register(house, house.admin, house.project, true);
  await rename(house.project, join(house.folder, "moved"));
  await mkdir(house.project);
  const second = await register(house, house.admin, house.project);
  expect(second).toMatchObject({ id: first.id, trusted: false });
  expect(await house.identity.workspaces.resolve(house.admin, first.id)).toMatchObject(
    await identityOf(house.project),
  );
});

test("a symbolic link is registered as the folder that it leads to", async () => {
  await using house = await furnished();
  const link_path = join(house.folder, "link");
  await symlink(house.project, link_path);
  expect((await register(house, house.admin, link_path)).path).toBe(house.project);
  const found = await house.identity.workspaces.resolve(house.admin, link_path);
  expect(found.path).toBe(house.project);
});

test("two people may each have the same folder, and not each other's", async () => {
  await using house = await furnished();
  const other = await house.addPerson(2, "admin");
  const mine = await register(house, house.admin, house.project);
  const theirs = await register(house, other, house.project);
  expect(theirs.id).not.toBe(mine.id);
  const { workspaces } = house.identity;
  expect((await refusalOf(workspaces.resolve(other, mine.id))).code).toBe("forbidden");
});

test("parallel registrations make one workspace", async () => {
  await using house = await furnished();
  const { workspaces } = house.identity;
  const asked = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const proof = await challenge(house, house.admin, house.project);
      await writeFile(join(house.project, proof), "");
      return workspaces.register(house.admin, { path: house.project, proof });
    }),
  );
  expect(new Set(asked.map((one) => one.id)).size).toBe(1);
});

test("a proof is good once, for its person, its folder and two minutes", async () => {
  const time = handClock();
  await using house = await furnished({ clock: time.clock });
  const { workspaces } = house.identity;
  const other = await house.addPerson(2, "admin");
  const second = join(house.folder, "second");
  await mkdir(second);
  const tryWith = async (person: Person, path: string, proof: string) => {
    await writeFile(join(path, proof), "");
    return refusalOf(workspaces.register(person, { path, proof }));
  };
  const proof = await challenge(house, house.admin, house.project);
  expect((await tryWith(other, house.project, proof)).code).toBe("workspace_unproven");
  expect((await tryWith(house.admin, second, proof)).code).toBe("workspace_unproven");
  expect((await tryWith(house.admin, house.project, proof)).message).toMatch(/was used/);
  const late = await challenge(house, house.admin, house.project);
  await time.pass(120_000);
  expect((await tryWith(house.admin, house.project, late)).message).toMatch(/too old/);
  const soon = await challenge(house, house.admin, house.project);
  await time.pass(119_999);
  await writeFile(join(house.project, soon), "");
  await workspaces.register(house.admin, { path: house.project, proof: soon });
});

test("old challenges give way to new ones", async () => {
  await using house = await furnished();
  const first = await challenge(house, house.admin, house.project);
  for (let i = 0; i < 8; i += 1) await challenge(house, house.admin, house.project);
  await writeFile(join(house.project, first), "");
  const asked = house.identity.workspaces.register(house.admin, {
    path: house.project,
    proof: first,
  });
  expect((await refusalOf(asked)).code).toBe("workspace_unproven");
});

test.each<[string, (at: string) => Promise<unknown>]>([
  ["no file", async () => {}],
  ["a folder", (at) => mkdir(at)],
  ["a symbolic link", (at) => symlink("/etc/hostname", at)],
  [
    "another name of an older file",
    (at) => writeFile(`${at}-old`, "").then(() => link(`${at}-old`, at)),
  ],
  ["a file with something in it", (at) => writeFile(at, "x")],
])("%s proves nothing", async (_, plant) => {
  await using house = await furnished();
  const proof = await challenge(house, house.admin, house.project);
  await plant(join(house.project, proof));
  const asked = house.identity.workspaces.register(house.admin, { path: house.project, proof });
  const refusal = await refusalOf(asked);
  expect([refusal.code, refusal.extra.proof?.file]).toEqual([
    "workspace_unproven",
    expect.not.stringContaining(proof),
  ]);
});

test("who renames a file of the folder's owner to the name proves nothing", async () => {
  const minutes_ahead = { ...systemClock, now: () => systemClock.now() + 120_000 };
  await using house = await furnished({ clock: minutes_ahead });
  await writeFile(join(house.project, "owned"), "");
  const proof = await challenge(house, house.admin, house.project);
  await rename(join(house.project, "owned"), join(house.project, proof));
  const asked = house.identity.workspaces.register(house.admin, { path: house.project, proof });
  expect((await refusalOf(asked)).message).toMatch(/not new and empty/);
});

test("no path is a proof", async () => {
  await using house = await furnished();
  for (const proof of ["../x", "a/b", "", ".", "/etc/passwd", "\0"]) {
    const asked = house.identity.workspaces.register(house.admin, { path: house.project, proof });
    expect([proof, (await refusalOf(asked)).code]).toEqual([proof, "workspace_unproven"]);
  }
});

test("a file of somebody else than the folder's owner and the server proves nothing", async () => {
  await using house = await furnished({ uid: 12_345 });
  const proof = await challenge(house, house.admin, house.project);
  await writeFile(join(house.project, proof), "");
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await chown(join(house.project, proof), 54_321, 54_321);
  const asked = house.identity.workspaces.register(house.admin, { path: house.project, proof });
  if (isRoot) expect((await refusalOf(asked)).code).toBe("workspace_unproven");
  else await asked;
});

test("the system's folders, and what is no folder, cannot be workspaces", async () => {
  await using house = await furnished();
  const expected: [string, RegExp][] = [
    ["/", /whole machine/],
    ["/etc", /system's `\/etc`/],
    ["/usr/share", /system's `\/usr`/],
    ["/proc/self", /system's `\/proc`/],
    ["/bin", /system's `\/usr`|system's `\/bin`/],
    ["project", /not absolute; send the path/],
    ["/no/such/folder", /does not exist .*; create it/],
    ["/etc/hostname", /not a folder; name the folder/],
  ];
  for (const [path, why] of expected) {
    const refusal = await refusalOf(house.identity.workspaces.register(house.admin, { path }));
    expect([refusal.code, refusal.message]).toEqual([
      "workspace_refused",
      expect.stringMatching(why),
    ]);
  }
});

test("the data folder, what it lies in, and links to it cannot be workspaces", async () => {
  await using house = await furnished();
  await mkdir(join(house.home, "inside"));
  await symlink(house.home, join(house.folder, "link"));
  for (const name of ["home", "home/inside", "", "link", "link/inside", "project/../home"]) {
    const asked = house.identity.workspaces.register(house.admin, {
      path: join(house.folder, name),
    });
    expect([name, (await refusalOf(asked)).message]).toEqual([
      name,
      expect.stringMatching(/Mainstay keeps its data/),
    ]);
  }
});

const around = { home: "/srv/mainstay", local_homes: ["/home/ann", "/root"] };
const member: Person = { id: "usr_1", number: 2, name: "ann", role: "member", tier: "free" };

test.each([
  ["/home/ann", 1000, /home folder `\/home\/ann`; name a project's folder/],
  ["/home", 0, /home folder/],
  ["/root", 0, /home folder/],
  ["/srv", 1000, /keeps its data/],
  ["/opt/app", 0, /belongs to root; ask an admin/],
  ["/opt", 1000, /part of the system's `\/opt`; use a folder/],
  ["/tmp", 1000, /part of the system's `\/tmp`/],
  ["/run/user/1000/x", 1000, /part of the system's `\/run`/],
  ["/libx", 0, /belongs to root/],
])("a member may not have %s", (path, owner_uid, why) => {
  expect(() => checkFolder(member, { path, owner_uid }, around)).toThrow(why);
});

test.each(["/home/ann/app", "/home/anna", "/srv/mainstay2", "/etcetera", "/opt/app", "/tmp/x"])(
  "a member may have their %s",
  (path) => checkFolder(member, { path, owner_uid: 1000 }, around),
);

test("the home folders of this host are known", async () => {
  const homes = await localHomes("/home/of-the-environment");
  expect(homes).toEqual(expect.arrayContaining(["/root", "/home/of-the-environment"]));
  expect(homes).not.toContain("/");
});

test("a home folder made after the start is no workspace either", async () => {
  const homes: string[] = [];
  await using house = await furnished({ localHomes: () => Promise.resolve(homes) });
  homes.push(await realpath(house.project));
  const asked = house.identity.workspaces.register(house.admin, { path: house.project });
  expect((await refusalOf(asked)).message).toMatch(/it holds the home folder/);
});

test("without a name a person works in a folder of their own, which survives all", async () => {
  await using house = await furnished();
  const { workspaces } = house.identity;
  const [own, again] = await Promise.all([
    workspaces.resolve(house.admin, undefined),
    workspaces.resolve(house.admin, undefined),
  ]);
  expect(own).toEqual(again);
  expect(own).toMatchObject({ path: join(house.home, "workspaces", own.id) });
  expect(await workspaces.list(house.admin)).toMatchObject([{ id: own.id, private: true }]);
  expect((await lstat(own.path)).mode & 0o777).toBe(0o700);
  expect(own).toMatchObject(await identityOf(own.path));
  // A folder that keeps the number from being taken again.
  await rename(own.path, join(house.folder, "kept"));
  const renewed = await house.reopen().workspaces.resolve(house.admin, own.id);
  expect(renewed).toEqual({ ...own, ...(await identityOf(own.path)) });
  expect(renewed.ino).not.toBe(own.ino);
  expect(await readdir(join(house.home, "workspaces"))).toEqual([own.id]);
});

test("a data folder behind a link gives private folders by their real path", async () => {
  await using house = await furnished();
  const way = join(house.folder, "way");
  await symlink(house.home, way);
  const own = await house.reopen(way).workspaces.resolve(house.admin, undefined);
  expect(own.path).toBe(join(await realpath(house.home), "workspaces", own.id));
  expect(await house.reopen().workspaces.resolve(house.admin, undefined)).toEqual(own);
});

test("a private folder moves with the data folder", async () => {
  await using house = await furnished();
  const own = await house.identity.workspaces.resolve(house.admin, undefined);
  const moved = join(house.folder, "moved");
  const again = await house.reopen(moved).workspaces.resolve(house.admin, own.id);
  expect(again).toMatchObject({ id: own.id, path: join(moved, "workspaces", own.id) });
});

test("another person's private folder is forbidden by id and by path", async () => {
  await using house = await furnished();
  const { workspaces } = house.identity;
  const own = await workspaces.resolve(house.admin, undefined);
  const other = await house.addPerson(2);
  for (const name of [own.id, own.path, `${own.path}/../${own.id}`]) {
    expect((await refusalOf(workspaces.resolve(other, name))).code).toBe("forbidden");
  }
  expect((await workspaces.resolve(house.admin, own.path)).id).toBe(own.id);
});

test("what is not registered is not found, with what to do", async () => {
  await using house = await furnished();
  for (const name of ["ws_0000000000000000", house.project, "/no/such", "project"]) {
    const refusal = await refusalOf(house.identity.workspaces.resolve(house.admin, name));
    expect([refusal.code, refusal.message]).toEqual([
      "not_found",
      expect.stringContaining("mainstay workspace add"),
    ]);
  }
});

test("the folder that was checked is the one that is registered, whatever is renamed meanwhile", async () => {
  await using house = await furnished();
  const proof = await challenge(house, house.admin, house.project);
  await rename(house.project, join(house.folder, "moved"));
  await symlink("/etc", house.project);
  const asked = house.identity.workspaces.register(house.admin, { path: house.project, proof });
  expect((await refusalOf(asked)).message).toMatch(/system's `\/etc`/);
  expect(await realpath(house.project)).toBe("/etc");
});
