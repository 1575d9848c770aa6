/**
 * Every property of a run begins from the run's seed, so that what one machine finds each other finds as
 * well. `TORTURE_SEED` explores further.
 */
import fc from "fast-check";
import { inject } from "vitest";

fc.configureGlobal({ seed: inject("torture").seed });
