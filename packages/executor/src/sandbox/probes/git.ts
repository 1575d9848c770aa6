/** What the person's own git and shell would run later, outside: `.git`, and programs agreed to. */
import { inArea } from "./probe.ts";

/** A program of the workspace that the probes' plan holds. */
export const HELD_PROGRAM = { path: "held.sh", text: "#!/bin/sh\necho agreed\n" };

const written = (path: string) => `echo '# written' >> ${path} && echo written`;

/** Makes a file and moves it over another. */
const replaced = (path: string) =>
  `open(my $made, '>', 'made-other') or return ''; rename('made-other', '${path}') ? 'replaced' : ''`;

/** Puts it back, for the probes after it. */
const moved = (path: string) =>
  `rename('${path}', 'made-away') or return ''; rename('made-away', '${path}'); 'moved'`;

export const GIT_PROBES = inArea("git", [
  { name: "moves no .git away", wall: "git pins", perl: moved(".git") },
  { name: "moves no hooks away", wall: "git pins", perl: moved(".git/hooks") },
  { name: "moves git's config nowhere", wall: "git pins", perl: moved(".git/config") },
  { name: "writes nothing to git's config", wall: "git pins", sh: written(".git/config") },
  { name: "plants no hook", wall: "git pins", sh: written(".git/hooks/post-checkout") },
  {
    name: "has no other name for git's config",
    wall: "git pins",
    perl: "link('.git/config', 'made-config') ? 'linked' : ''",
  },
  { name: "puts no other config in its place", wall: "git pins", perl: replaced(".git/config") },
  { name: "changes no program agreed to", wall: "held files", sh: written(HELD_PROGRAM.path) },
  {
    name: "puts no other program in its place",
    wall: "held files",
    perl: replaced(HELD_PROGRAM.path),
  },
]);
