import type { Call } from "../call.ts";
import type { Scope, Walk } from "../scope.ts";
import type { Field } from "../words.ts";
import { accountDangers } from "./accounts.ts";
import { auditDangers } from "./audit.ts";
import { codeDangers } from "./code.ts";
import { containerDangers } from "./containers.ts";
import { deviceDangers } from "./devices.ts";
import { floodDangers } from "./floods.ts";
import { lossDangers } from "./losses.ts";
import { networkDangers } from "./network.ts";
import { systemDangers } from "./system.ts";

/** One command before the rules: nothing that no sane task of a workspace needs may get through. */
export interface Suspect {
  readonly name: string;
  readonly args: readonly Field[];
  readonly call: Call;
  readonly scope: Scope;
  readonly walk: Walk;
}

/** Reasons, if any, why a command is blocked. */
export type Rule = (suspect: Suspect) => readonly (string | null)[];

const rules: readonly Rule[] = [
  lossDangers,
  floodDangers,
  deviceDangers,
  systemDangers,
  accountDangers,
  auditDangers,
  networkDangers,
  containerDangers,
  codeDangers,
];

export const dangersOf = (suspect: Suspect): string[] =>
  rules.flatMap((rule) => rule(suspect)).filter((reason) => reason !== null);
