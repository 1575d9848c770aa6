import type { Compilable, CompiledQuery, Kysely } from "kysely";
import type { Schema } from "./schema.ts";
import type { Statement, Store } from "./store.ts";

/** Stands for a value that comes with each use. */
class Slot {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A statement with its values, which a store takes as it takes one of Kysely's. */
export type Filled<Output> = CompiledQuery<Output> & Compilable<Output>;

/**
 * A statement that is built and compiled once a store, then only filled in: building one of Kysely's
 * costs more than SQLite takes to run it. For what every turn runs many times.
 */
export function prepared<Values extends object, Output = unknown>(
  build: (
    sql: Kysely<Schema>,
    slot: <Name extends keyof Values & string>(name: Name) => Values[Name],
  ) => Compilable<Output>,
): (store: Store, values: Values) => Filled<Output> {
  const templates = new WeakMap<Store, CompiledQuery<Output>>();

  function templateFor(store: Store): CompiledQuery<Output> {
    const known = templates.get(store);
    if (known !== undefined) return known;
    // Kysely passes values through as they are, so a slot comes out where the value will stand.
    const made = build(store.sql, (name) => new Slot(name) as never).compile();
    templates.set(store, made);
    return made;
  }

  return (store, values) => {
    const template = templateFor(store);
    const parameters = fill(template, values);
    const filled = { ...template, parameters };
    return { ...filled, compile: () => filled };
  };
}

const fill = ({ parameters }: Statement, values: object): unknown[] =>
  parameters.map((value) =>
    value instanceof Slot ? (values as Record<string, unknown>)[value.name] : value,
  );
