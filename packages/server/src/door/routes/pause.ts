import {
  NewPause,
  PauseLifted,
  PauseSet,
  PausesNow,
  type PauseSubject as Subject,
  PauseSubject,
} from "@mainstay/sdk/pause";
import type { Pauses } from "../../execution/execution.ts";
import type { People } from "../../identity/identity.ts";
import { Refusal } from "../../kernel/errors.ts";
import type { ModelBoard } from "../../kernel/model-board.ts";
import { toldPause, type PauseScope } from "../../kernel/pause.ts";
import { endpoint, type Endpoint } from "../endpoint.ts";

/** `/v1/admin/pause`: the emergency stop. A paused admin can lift it like any other. */
export function pauseRoutes(
  pauses: Pauses,
  people: Pick<People, "list" | "named">,
  models: Pick<ModelBoard, "status">,
): Endpoint[] {
  async function scopeOf({ person, provider }: Omit<Subject, "scope">): Promise<PauseScope> {
    if (provider !== undefined) return { scope: "provider", provider };
    if (person === undefined) return { scope: "commands" };
    return { scope: "person", person_id: (await people.named(person)).id };
  }

  /** A name that is misspelt would stop nothing, and look as if it did. */
  function checkKnown(what: PauseScope): void {
    const known = models.status().map(({ id }) => id);
    if (what.scope !== "provider" || known.includes(what.provider)) return;
    const some = known.length > 0 ? `there are ${known.join(", ")}` : "none is configured";
    throw new Refusal("not_found", `There is no provider ${what.provider}; ${some}.`);
  }

  const get = endpoint(
    {
      method: "get",
      path: "/v1/admin/pause",
      summary: "What is paused now: by whom, since when, why",
      auth: "admin",
      responses: { 200: { description: "All pauses", body: PausesNow } },
    },
    async () => {
      const commands = pauses.commands();
      const paused = pauses.people();
      const known = paused.size === 0 ? [] : await people.list();
      return {
        status: 200,
        body: {
          commands: commands && toldPause(commands),
          people: known.flatMap(({ id, name }) => {
            const pause = paused.get(id);
            return pause ? [{ person_id: id, name, pause: toldPause(pause) }] : [];
          }),
          providers: [...pauses.providers()].map(([provider, pause]) => ({
            provider,
            pause: toldPause(pause),
          })),
        },
      };
    },
  );

  const set = endpoint(
    {
      method: "put",
      path: "/v1/admin/pause",
      summary:
        "Let no command begin, do nothing for one person, or ask one provider nothing; in force when it is answered",
      auth: "admin",
      body: NewPause,
      responses: { 200: { description: "It is paused", body: PauseSet } },
    },
    async ({ person, body: { reason = null, kill = false, ...what } }) => {
      const scope = await scopeOf(what);
      checkKnown(scope);
      const done = await pauses.set(scope, { by: person, reason, ends_running: kill });
      return { status: 200, body: { ...done, pause: toldPause(done.pause) } };
    },
  );

  const lift = endpoint(
    {
      method: "delete",
      path: "/v1/admin/pause",
      summary: "Lift a pause; what it parked goes on by itself",
      auth: "admin",
      query: PauseSubject,
      responses: { 200: { description: "Nothing is paused there any more", body: PauseLifted } },
    },
    async ({ person, query }) => ({
      status: 200,
      body: { lifted: await pauses.lift(await scopeOf(query), person) },
    }),
  );

  return [get, set, lift];
}
