import { z } from "zod";

/** What a command lacked, as its call can be repeated with it: `HOST` or `HOST:PORT`, and folders. */
export const Lacked = z.strictObject({
  hosts: z.array(z.string()).max(8),
  folders: z.array(z.string()).max(8),
});
export type Lacked = z.infer<typeof Lacked>;

const PREFIX = "[with what it lacked, once, when a person agrees: call again with open: ";
const SUFFIX = "]";

/** The last line of a command's result, for a model to act on. */
export const lackedLine = (lacked: Lacked): string => PREFIX + JSON.stringify(lacked) + SUFFIX;

/** A command's result without the line by which a model repeats the call. */
export const forPeople = (result: string): string =>
  lackedIn(result) === null ? result : result.slice(0, Math.max(0, result.lastIndexOf("\n")));

/** Null where the last line is none. What a command printed is never last: its end stands below it. */
export function lackedIn(result: string): Lacked | null {
  const line = result.slice(result.lastIndexOf("\n") + 1);
  if (!line.startsWith(PREFIX) || !line.endsWith(SUFFIX)) return null;
  try {
    return Lacked.parse(JSON.parse(line.slice(PREFIX.length, -SUFFIX.length)));
  } catch {
    return null;
  }
}
