/**
 * A glob as ripgrep takes it, matched in bounded time: `*`, `?`, `{a,b}` and a leading `!`. Without
 * a slash it is about the last name, else about the path; there `*` stands for slashes too.
 */
export function nameGlob(glob: string): (path: string) => boolean {
  const negated = glob.startsWith("!");
  const plain = (negated ? glob.slice(1) : glob).replace(/^(\/|(\*\*\/)+)/, "");
  const choices = withoutBraces(plain);
  return (path) => {
    const subject = plain.includes("/") ? path : path.slice(path.lastIndexOf("/") + 1);
    return choices.some((choice) => matches(choice, subject)) !== negated;
  };
}

/** One level of braces, the first: `*.{ts,js}` is `*.ts` and `*.js`. */
function withoutBraces(glob: string): string[] {
  const [, before = "", choices, after = ""] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(glob) ?? [];
  return choices === undefined ? [glob] : choices.split(",").map((one) => before + one + after);
}

/** Greedy, going back only to the last `*`: at most length × length steps. */
function matches(glob: string, subject: string): boolean {
  let at = 0;
  let star: { after: number; tried: number } | null = null;
  for (let i = 0; i < subject.length;) {
    if (glob[at] === "*") {
      star = { after: ++at, tried: i };
    } else if (at < glob.length && (glob[at] === "?" || glob[at] === subject[i])) {
      at++;
      i++;
    } else if (star !== null) {
      star.tried++;
      at = star.after;
      i = star.tried;
    } else {
      return false;
    }
  }
  return /^\**$/.test(glob.slice(at));
}
