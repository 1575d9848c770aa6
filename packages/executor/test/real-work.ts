/**
 * Toy projects as people work on them, each a script for a sandbox without network. Run directly it
 * does them in an executor of the user whose process it is, and prints what came of them as JSON.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { type Bench, openBench } from "./harness.ts";

export interface Work {
  name: string;
  /** What must be on the PATH inside. */
  needs: string[];
  files: Record<string, string>;
  script: string;
  /** The end of what it prints. */
  prints: RegExp;
}

export const WORKS: Work[] = [
  {
    name: "git commit and status",
    needs: ["git"],
    files: { "readme.md": "hello\n" },
    script:
      "git init -q . && git add . && git commit -qm first && echo more >> readme.md && git status --short && git log --format=%s",
    prints: /^ M readme\.md\nfirst\n$/,
  },
  {
    name: "npm test",
    needs: ["node", "npm"],
    files: {
      "package.json": '{"name": "toy", "type": "module", "scripts": {"test": "node --test"}}',
      "sum.test.js":
        'import test from "node:test"; import assert from "node:assert"; test("sum", () => assert.equal(1 + 1, 2));',
    },
    script: "npm test",
    prints: /# pass 1\n|pass 1\n/,
  },
  {
    name: "python3 -m venv",
    // Without a pip in it, which takes ten seconds of processor time in any place.
    needs: ["python3"],
    files: { "sum.py": "import sys\nprint(sys.prefix != sys.base_prefix)\n" },
    script: "python3 -m venv --without-pip env && . env/bin/activate && python sum.py",
    prints: /^True\n$/,
  },
  {
    name: "make and gcc",
    needs: ["make", "gcc"],
    files: {
      "main.c": '#include <stdio.h>\nint main(void) { puts("built"); return 0; }\n',
      Makefile: "main: main.c\n\t$(CC) -O2 -Wall -o $@ $<\n",
    },
    script: "make CC=gcc && ./main",
    prints: /built\n$/,
  },
  {
    name: "cargo build and test",
    needs: ["cargo"],
    files: {
      "Cargo.toml": '[package]\nname = "toy"\nversion = "0.1.0"\nedition = "2021"\n',
      "src/main.rs":
        'fn main() { println!("built"); }\n#[test]\nfn sums() { assert_eq!(1 + 1, 2); }\n',
    },
    script: "cargo build -q && cargo test -q && ./target/debug/toy",
    prints: /test result: ok[^]*\nbuilt\n$/,
  },
  {
    name: "java",
    needs: ["javac", "java"],
    files: {
      "Toy.java":
        'class Toy { public static void main(String[] a) { System.out.println("ran"); } }',
    },
    script: "javac Toy.java && java Toy",
    prints: /ran\n$/,
  },
];

export interface Done {
  name: string;
  /** Of `needs`, what is not there. */
  lacks: string[];
  exit_code: number | null;
  output: string;
  notices: string[];
}

export async function doWork(bench: Bench, { name, needs, files, script }: Work): Promise<Done> {
  const folder = name.replaceAll(/\W+/g, "-");
  for (const [path, text] of Object.entries(files)) {
    const file = join(bench.workspace, folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const look = await bench.exited(
    needs.map((one) => `command -v ${one} >/dev/null || echo ${one}`).join("\n"),
  );
  const lacks = look.output.split("\n").filter((line) => line !== "");
  if (lacks.length > 0) return { name, lacks, exit_code: null, output: "", notices: [] };
  const end = await bench.exited(`cd ${folder} && ${script}`, {
    limits: { wall_ms: 120_000, output_bytes: 1 << 16 },
  });
  return { name, lacks, exit_code: end.exit_code, output: end.output, notices: end.notices };
}

/** A toolchain of the user's own, beside what it is said to hold. */
function installToolchain(): void {
  const bin = join(homedir(), ".cargo/bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "toy-tool"), "#!/bin/sh\necho toy at $CARGO_HOME\n", { mode: 0o700 });
  writeFileSync(join(homedir(), ".cargo/credentials.toml"), "token");
}

if (import.meta.main) {
  installToolchain();
  const bench = await openBench();
  try {
    const works: Done[] = [];
    for (const work of WORKS) works.push(await doWork(bench, work));
    const tool = await bench.exited(
      "toy-tool; ls -A ~/.cargo $(dirname $(command -v toy-tool))/..",
    );
    const write = await bench.exited("echo x >> $(command -v toy-tool)");
    rmSync(join(homedir(), ".cargo"), { recursive: true });
    const removed = await bench.exited("command -v toy-tool || echo gone");
    console.log(JSON.stringify({ works, tool, write, removed }));
  } finally {
    await bench.close();
  }
}
