import { ProviderStatus } from "@mainstay/sdk/providers";
import { listOf } from "@mainstay/sdk/resources";
import type { ModelBoard } from "../../kernel/model-board.ts";
import { endpoint } from "../endpoint.ts";

/** `GET /v1/providers`: how the models stand. It tells nobody a key, only which of several it is. */
export const providers = (models: Pick<ModelBoard, "status">) =>
  endpoint(
    {
      method: "get",
      path: "/v1/providers",
      summary: "The models in the order in which they are asked, and how each stands",
      auth: "person",
      responses: { 200: { description: "All that are configured", body: listOf(ProviderStatus) } },
    },
    async ({ person }) => {
      const items = models.status();
      const told = person.role === "admin" ? items : items.map(withoutCounts);
      return { status: 200, body: { items: told, next: null } };
    },
  );

/** How much all people together ask is for those who answer for it. */
const withoutCounts = (provider: ProviderStatus): ProviderStatus => ({
  ...provider,
  models: provider.models.map((model) => ({ ...model, answered: 0, failed: 0 })),
});
