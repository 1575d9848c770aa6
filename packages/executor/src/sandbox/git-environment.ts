/**
 * git that only reads writes nothing, and runs nothing for a repository's config to name. A variable
 * wins over the config; what none can force (external diffs, filters, textconv, submodules, which do
 * not inherit it) is for the classifier to know. Hooks stay: they run in commands that commit, which
 * somebody agreed to.
 */

const FORCED_CONFIG = {
  // Any git that looks at the work tree would run it.
  "core.fsmonitor": "false",
  // `git diff` writes the index for it, optional locks or not, and that runs a hook.
  "diff.autoRefreshIndex": "false",
  // `git log` would run the config's gpg.program.
  "log.showSignature": "false",
};

export const GIT_VARIABLES: Record<string, string> = {
  GIT_TERMINAL_PROMPT: "0",
  GIT_OPTIONAL_LOCKS: "0",
  // Of a partial clone: git 2.45 and newer would start what the config calls a remote.
  GIT_NO_LAZY_FETCH: "1",
  GIT_PAGER: "cat",
  PAGER: "cat",
  GIT_CONFIG_COUNT: String(Object.keys(FORCED_CONFIG).length),
  ...Object.fromEntries(
    Object.entries(FORCED_CONFIG).flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, key],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]),
  ),
};
