import { sha256OfFile } from "./bytes.ts";
import { atPlace, type Root, withRegular } from "./walk.ts";

/** SHA-256 of a file in hex, null when there is none. */
export const digestOf = (root: Root, path: string): string | null =>
  atPlace(root, path, "read", ({ folder, missing, name }) =>
    missing.length > 0 ? null : withRegular(folder, name, sha256OfFile),
  );
