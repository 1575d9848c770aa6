import type { Clock } from "@mainstay/sdk/clock";

export interface Deadline {
  readonly clock: Pick<Clock, "after">;
  readonly most_ms: number;
  /** Cuts the wait short. */
  readonly signal?: AbortSignal;
}

/**
 * What `work` comes to in time. Where it does not, or is cut short, this rejects at once, whatever the
 * work makes of its signal: a system call on a mount that hangs knows none.
 */
export async function inTime<Value>(
  { clock, most_ms, signal }: Deadline,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const late = new AbortController();
  const cut = signal ? AbortSignal.any([late.signal, signal]) : late.signal;
  const given_up = Promise.withResolvers<never>();
  cut.addEventListener("abort", () => given_up.reject(cut.reason));
  const disarm = clock.after(most_ms, () =>
    late.abort(new Error(`no answer after ${most_ms / 1000} s`)),
  );
  try {
    return await Promise.race([work(cut), given_up.promise]);
  } finally {
    disarm();
  }
}
