import type { AuditRecord } from "@mainstay/sdk/audit";
import type { Batch } from "../../src/store/store.ts";

/** Whether the batch puts something of this kind on record. */
export const records = ({ writes }: Batch, kind: AuditRecord["kind"]): boolean =>
  writes.some(({ parameters }) =>
    parameters.some((one) => typeof one === "string" && one.startsWith(`{"kind":"${kind}"`)),
  );
