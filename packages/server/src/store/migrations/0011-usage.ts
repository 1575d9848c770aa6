import type { Migration } from "./migration.ts";

/** What models took, summed: written in the batch of the event that ends an attempt. */
export const usage: Migration = {
  name: "what models took, of whom and on which day",
  up: (db) =>
    db.exec(`
    create table usage (
      day text not null,
      person_id text not null references person (id),
      provider text not null,
      credential text not null,
      model text not null,
      requests integer not null,
      input_tokens integer not null,
      output_tokens integer not null,
      cost_micro_usd integer not null,
      estimated_requests integer not null,
      unpriced_requests integer not null,
      primary key (day, person_id, provider, credential, model)
    ) strict;
    create index usage_of_person on usage (person_id, day);
    create index mirror_usage on usage (day, person_id, provider, credential, model, requests,
      input_tokens, output_tokens, cost_micro_usd, estimated_requests, unpriced_requests);
  `),
};
