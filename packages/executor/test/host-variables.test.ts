/** What commands are told of the host's registries and zone: addresses, never what opens them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { addressesOf, HOST_VARIABLES, readHostVariables } from "../src/sandbox/host-variables.ts";

test("an address alone is told", () => {
  const of = (line: string, name = "registry") => addressesOf(`before=1\n${line}\n`, name);
  expect(of("registry=https://npm.example.org/repo/")).toBe("https://npm.example.org/repo/");
  expect(of(' registry = "http://npm.example.org:4873"')).toBe("http://npm.example.org:4873/");
  expect(of("registry=https://ada:secret@npm.example.org/")).toBe("https://npm.example.org/");
  expect(of("index-url = https://a.example/simple", "index-url")).toBe("https://a.example/simple");
  expect(of("index-url = https://a.example/simple", "url")).toBeNull();
  expect(of("extra-index-url = file:///srv/simple http://b.example/ ", "extra-index-url")).toBe(
    "http://b.example/",
  );
  expect(of("GOPROXY=https://proxy.example,direct", "GOPROXY")).toBe("https://proxy.example/");
});

test("what may be a token is not", () => {
  for (const value of [
    "${NPM_REGISTRY}",
    "https://npm.example.org/?token=1",
    "https://pypi.example.org/a8Hf73kdLs92hfKs81hs/ada/",
    "/srv/registry",
    "ssh://git@example.org/x",
    "",
  ]) {
    expect(addressesOf(`registry=${value}`, "registry")).toBeNull();
  }
});

test("no password gets through, whatever it is made of", () => {
  const word = fc.string({ minLength: 8, maxLength: 30 }).map((text) => encodeURIComponent(text));
  const secret = word.filter((text) => /^[\w%.!~*'()-]{8,}$/.test(text));
  fc.assert(
    fc.property(secret, secret, (user, password) => {
      const told = addressesOf(
        `registry=https://${user}:${password}@npm.example.org/r/`,
        "registry",
      );
      expect(told).toBe("https://npm.example.org/r/");
    }),
  );
});

test("the user's own file comes first; the zone is one that exists", () => {
  const user_home = mkdtempSync(join(tmpdir(), "mainstay-variables-"));
  onTestFinished(() => rmSync(user_home, { recursive: true }));
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(user_home, name)), { recursive: true });
    writeFileSync(join(user_home, name), text);
  };
  write(".npmrc", "//npm.example.org/:_authToken=abc\nregistry=https://npm.example.org/\n");
  write(".config/pip/pip.conf", "[global]\nindex-url = https://pypi.example.org/simple\n");
  const found = readHostVariables({ user_home, time_zone: "No/Where" });
  expect(found).toMatchObject({
    npm_config_registry: "https://npm.example.org/",
    PIP_INDEX_URL: "https://pypi.example.org/simple",
  });
  expect(found["TZ"]).toBeUndefined();
  expect(JSON.stringify(found)).not.toContain("abc");
  expect(HOST_VARIABLES).toEqual(expect.arrayContaining(Object.keys(found)));
});
