import type { Rule } from "./danger.ts";
import { deviceOf } from "./targets.ts";

const FORMATTERS =
  /^(?:mkfs(?:\..*)?|mke2fs|mkswap|mkntfs|mkdosfs|fdisk|sfdisk|cfdisk|gdisk|sgdisk|cgdisk|parted|partprobe|wipefs|blkdiscard|cryptsetup|pvcreate|pvremove|vgremove|vgreduce|lvremove|lvreduce|mdadm|zpool|zfs|tune2fs|resize2fs|debugfs|e2fsck|xfs_repair|badblocks|hdparm|nvme|sg_format|flashrom|flashcp|flash_erase|grub-install|efibootmgr|losetup|dmsetup|btrfs|fsck(?:\..*)?|ddrescue|sg_dd|dcfldd)$/;
/** What only looks. */
const LOOKS =
  /^(?:-l|--list|-h|--help|-V|--version|-N|print|list|status|luksDump|isLuks|id-ctrl|smart-log|get|ls|--detail|--examine)$/;
const COPIES = new Set(["cp", "mv", "shred", "pv", "cat", "tee", "dd", "truncate", "install"]);

/** What formats, partitions or overwrites a disk, or memory. */
export const deviceDangers: Rule = ({ name, args }) => {
  const words = args.map(({ text }) => text);
  if (FORMATTERS.test(name)) {
    const is_making = name.startsWith("mk") || /^(?:wipefs|blkdiscard|sg_format)$/.test(name);
    const looks = words.some((word) => LOOKS.test(word));
    return looks && !is_making ? [] : [`${name} formats, partitions or erases disks`];
  }
  if (!COPIES.has(name) || name === "cat" || name === "pv") return [];
  const targets =
    name === "dd" ? words.flatMap((word) => /^of=(.*)$/.exec(word)?.[1] ?? []) : words;
  const last = name === "cp" || name === "mv" || name === "install" ? targets.slice(-1) : targets;
  return last.map((word) =>
    deviceOf(word) === "device" ? `${word} is a device of this machine` : null,
  );
};
