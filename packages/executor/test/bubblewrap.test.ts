import { expect, test } from "vitest";
import { BUBBLEWRAP_PATHS, findBubblewrap } from "../src/bubblewrap.ts";

test("bubblewrap is the first of a fixed list that is there", () => {
  expect(BUBBLEWRAP_PATHS.map((only) => findBubblewrap((path) => path === only))).toEqual([
    ...BUBBLEWRAP_PATHS,
  ]);
  expect(findBubblewrap(() => true)).toBe("/usr/bin/bwrap");
  expect(findBubblewrap(() => false)).toBe("/usr/bin/bwrap");
  expect(BUBBLEWRAP_PATHS).toContain(findBubblewrap());
});
