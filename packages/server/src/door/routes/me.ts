import { Me } from "@mainstay/sdk/resources";
import { type PauseBoard, toldPause } from "../../kernel/pause.ts";
import { endpoint } from "../endpoint.ts";

/** `GET /v1/me`: whose key this is. `banner` is what all of them must know. */
export const me = (pauses: Pick<PauseBoard, "person">, banner: string | null) =>
  endpoint(
    {
      method: "get",
      path: "/v1/me",
      summary: "Who you are",
      auth: "person",
      responses: { 200: { description: "The person of the key", body: Me } },
    },
    async ({ person: { id, name, role, tier } }) => {
      const pause = pauses.person(id);
      const told = pause && toldPause(pause);
      return { status: 200, body: { id, name, role, tier, pause: told, banner } };
    },
  );
