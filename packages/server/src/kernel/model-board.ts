import type { ProviderStatus } from "@mainstay/sdk/providers";

/**
 * How many of the configured models can be asked now: all of them; some; none; `unconfigured`: there
 * is none to ask.
 */
export type Availability = "full" | "reduced" | "none" | "unconfigured";

/** How the models stand; asked without waiting. `providers/` keeps it, others look. */
export interface ModelBoard {
  /** In the order in which they are asked. */
  status(): ProviderStatus[];
  available(): Availability;
  /** Hears whenever `available` may be another. Returns the call that ends the subscription. */
  onChange(listener: () => void): () => void;
}
