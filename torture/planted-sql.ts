/** Imported into a server before its own code: see planted.ts. */
import { DatabaseSync } from "node:sqlite";

const { PLANTED_OF = "", PLANTED_SENT = "", PLANTED_FROM = "1" } = process.env;
const { exec, prepare } = DatabaseSync.prototype;
let times = 0;

function planted(sql: string): string {
  if (!sql.includes(PLANTED_OF) || ++times < Number(PLANTED_FROM)) return sql;
  return sql.replace(PLANTED_OF, PLANTED_SENT);
}

DatabaseSync.prototype.exec = function (sql) {
  return exec.call(this, planted(sql));
};
DatabaseSync.prototype.prepare = function (sql, ...rest) {
  return prepare.call(this, planted(sql), ...rest);
};
