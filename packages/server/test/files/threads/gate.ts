/** Work that does not end before it is let go. */
export function gate() {
  const let_go = new Int32Array(new SharedArrayBuffer(8));
  return {
    wait: { do: "wait", let_go } as const,
    hang: { do: "hang", let_go } as const,
    begun: async () => void (await Atomics.waitAsync(let_go, 1, 0).value),
    times: () => Atomics.load(let_go, 1),
    open() {
      Atomics.store(let_go, 0, 1);
      Atomics.notify(let_go, 0);
    },
  };
}
