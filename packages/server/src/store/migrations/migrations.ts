import { turns } from "./0001-turns.ts";
import { journalChecksums } from "./0002-journal-checksum.ts";
import { serverRun } from "./0003-server-run.ts";
import { audit } from "./0004-audit.ts";
import { consent } from "./0005-consent.ts";
import { pauses } from "./0006-pauses.ts";
import { commands } from "./0007-commands.ts";
import { network } from "./0008-network.ts";
import { edits } from "./0009-edits.ts";
import { providers } from "./0010-providers.ts";
import { usage } from "./0011-usage.ts";
import { providerPauses } from "./0012-provider-pauses.ts";
import type { Migration } from "./migration.ts";

/**
 * Data version n is what the first n migrations make; a released one never changes. Foreign keys
 * are immediate: a deferred one is judged at the COMMIT of a group and would fail its neighbours.
 */
export const migrations: readonly Migration[] = [
  turns,
  journalChecksums,
  serverRun,
  audit,
  consent,
  pauses,
  commands,
  network,
  edits,
  providers,
  usage,
  providerPauses,
];
