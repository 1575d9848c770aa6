export { createNotary, type AuditSettings, type Notary } from "./notary.ts";
export { readHeadFile } from "./head-file.ts";
export { headLine } from "./destinations.ts";
export { lookUp, type LookUp } from "./look-up.ts";
export { type AuditVerdict, verifyAudit } from "./verify.ts";
export type { ReadChain } from "./executor-record.ts";
