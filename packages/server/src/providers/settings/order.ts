/** What `first` names comes first, as it names it; the rest keeps its order. Pure. */
export function inOrder<T extends { readonly id: string }>(
  providers: readonly T[],
  first: readonly string[],
): T[] {
  const place = ({ id }: T) => (first.includes(id) ? first.indexOf(id) : first.length);
  return providers.toSorted((a, b) => place(a) - place(b));
}
