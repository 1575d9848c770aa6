/** Numbered events that can be waited for before or after they happen. */
export interface Milestones<Value> {
  reach(n: number, value: Value): void;
  wait(n: number): Promise<Value>;
  /** Lets go of the value; who waits already still has it. */
  forget(n: number): void;
}

export function milestones<Value>(): Milestones<Value> {
  const kept = new Map<number, PromiseWithResolvers<Value>>();
  const at = (n: number) => {
    const known = kept.get(n) ?? Promise.withResolvers<Value>();
    kept.set(n, known);
    return known;
  };
  return {
    reach: (n, value) => at(n).resolve(value),
    wait: (n) => at(n).promise,
    forget: (n) => void kept.delete(n),
  };
}
