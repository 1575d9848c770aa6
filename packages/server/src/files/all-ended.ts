/**
 * What all came to, once the last has ended: nothing of it goes on behind the back of who cleans up
 * after a failure. @throws the first fault
 */
export async function allEnded<T>(doing: readonly Promise<T>[]): Promise<T[]> {
  const outcomes = await Promise.allSettled(doing);
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}
