import type { Rule } from "./danger.ts";

const ENDLESS = /^\/dev\/(?:zero|u?random|full)$/;

/** What fills a disk, or memory, until nothing is left. */
export const floodDangers: Rule = ({ name, args, call }) => {
  const words = args.map(({ text }) => text);
  const writes = call.targets.some(({ text }) => !text.startsWith("/dev/"));
  const reads_endless = words.some((word) => ENDLESS.test(word));
  const fills = "it fills the disk until nothing is left";
  if (name === "yes") return writes ? [fills] : [];
  if (name === "cat") return writes && reads_endless ? [fills] : [];
  if (name === "tail" || name === "sort" || name === "tac")
    return reads_endless ? ["it fills the memory until nothing is left"] : [];
  if (name !== "dd") return [];
  const source = words.find((word) => word.startsWith("if="))?.slice(3) ?? "";
  const is_bounded = words.some((word) => word.startsWith("count="));
  const target = words.find((word) => word.startsWith("of="))?.slice(3) ?? "/dev/stdout";
  return ENDLESS.test(source) && !is_bounded && !target.startsWith("/dev/") ? [fills] : [];
};
