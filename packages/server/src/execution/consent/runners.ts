/** Programs whose work is to run what the workspace says. */
const RUNNERS: ReadonlySet<string> = new Set([
  ..."npm npx pnpm yarn bun node deno tsx vite vitest jest".split(" "),
  ..."make cmake ninja meson bazel gradle mvn ant just task rake".split(" "),
  ..."python python3 pip pip3 uv poetry tox nox pytest".split(" "),
  ..."cargo go dotnet swift mix bundle ruby perl php composer".split(" "),
  ..."sh bash dash zsh".split(" "),
]);

export const runsOwnCode = ([program = ""]: readonly string[]): boolean =>
  program.includes("/") || RUNNERS.has(program);
