export { createNotary, type Notary } from "./notary.ts";
export type { AuditSettings } from "./destinations.ts";
export { readHeadFile } from "./head-file.ts";
export { faultInWords } from "./inspection.ts";
export { lookUp } from "./look-up.ts";
export { type AuditVerdict, verifyAudit } from "./verify.ts";
export type { ReadChain } from "./executor-record.ts";
