/** Something with a life: both calls are idempotent, and `stop` returns when all its work has ended. */
export interface Actor {
  start(): Promise<void> | void;
  stop(): Promise<void>;
}
