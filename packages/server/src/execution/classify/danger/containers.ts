import type { Rule } from "./danger.ts";

const ENGINES = new Set(["docker", "podman", "nerdctl", "lxc", "crictl", "ctr"]);
const HOST_PATH =
  /^(?:type=bind,)?(?:(?:src|source)=)?\/(?:etc|root|home|var|usr|boot|proc|sys|dev|run|bin|lib|sbin|var\/run\/docker\.sock)?\/?(?:[:,]|$)|docker\.sock|source=\/(?:,|$)|src=\/(?:,|$)/;
const REACHES =
  /^(?:--privileged(?:=true)?|--pid=host|--cap-add=(?:ALL|SYS_ADMIN|SYS_MODULE|SYS_PTRACE)|--userns=host|--ipc=host|--device=\/dev\/.*)$/;

/** Ways out of a container, or into the machine's own files. */
export const containerDangers: Rule = ({ name, args }) => {
  const words = args.map(({ text }) => text);
  if (ENGINES.has(name))
    return [
      words.some((word) => REACHES.test(word)) ||
      hasPair(words, "--pid", "host") ||
      hasPair(words, "--cap-add", "SYS_ADMIN") ||
      hasPair(words, "--cap-add", "ALL")
        ? "the container would reach the whole machine"
        : null,
      words.some((word, at) => mountsHost(word, words[at - 1]))
        ? "it opens the machine's own files to a container"
        : null,
    ];
  if (name === "nsenter")
    return words.some(
      (word, at) =>
        /^(?:-t1|--target=1)$/.test(word) ||
        (word === "1" && /^(?:-[a-z]*t|--target)$/.test(words[at - 1] ?? "")),
    )
      ? ["it enters the machine's first process"]
      : [];
  if (name === "chroot")
    return words.some((word) => /^\/(?:host|mnt|proc\/1\/root|h|rootfs|hostfs|$)/.test(word))
      ? ["it enters the machine's own files"]
      : [];
  return [];
};

const hasPair = (words: readonly string[], option: string, value: string): boolean =>
  words.some((word, at) => word === value && words[at - 1] === option);

function mountsHost(word: string, before = ""): boolean {
  if (/^(?:-v|--volume|--mount)$/.test(before)) return HOST_PATH.test(word);
  const attached = /^(?:-v|--volume=|--mount=)(.+)$/.exec(word)?.[1];
  return attached !== undefined && HOST_PATH.test(attached);
}
