import type { List, PageWish } from "@mainstay/sdk/client";

/** All pages of a list as one. */
export async function wholeList<T>(page: (wish: PageWish) => Promise<List<T>>): Promise<List<T>> {
  const items: T[] = [];
  for (let wish: PageWish = {}; ;) {
    const { items: more, next } = await page(wish);
    items.push(...more);
    if (next === null) return { items, next };
    wish = { after: next };
  }
}
