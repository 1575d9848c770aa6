import type { ModelStatus, ProviderStatus } from "@mainstay/sdk/providers";
import type { Readiness } from "@mainstay/sdk/resources";
import type { Availability, ModelBoard } from "../kernel/model-board.ts";

/** How the models stand, in words; those that cannot be asked say why, and when they are looked at again. */
export function modelsCheck(
  models: Pick<ModelBoard, "available" | "status">,
): Readiness["checks"][number] {
  const available = models.available();
  const each = models.status().flatMap(standsOf);
  return {
    name: "models",
    ok: available === "full" || available === "reduced",
    detail: [preface[available], each.join(", ")].filter((text) => text !== "").join(": "),
  };
}

const preface: Record<Availability, string> = {
  full: "",
  reduced: "some cannot be asked",
  none: "none can be asked",
  unconfigured: "none configured, answers come from local files",
};

function standsOf({ id, pause, models }: ProviderStatus): string[] {
  if (pause !== null) return [`${id} (paused by ${pause.by})`];
  return [...Map.groupBy(models, ({ model }) => model)].map(
    ([model, keys]) => `${id}/${model}${withKeys(keys)}`,
  );
}

/** Of a model that can be asked with one key, what is wrong with the others is no matter. */
function withKeys(keys: readonly ModelStatus[]): string {
  const [first] = keys;
  if (first === undefined || keys.some(isAskable)) return "";
  const { state, cause, until } = first;
  const when = until === null ? "" : ` until ${until.slice(0, 16).replace("T", " ")} UTC`;
  return ` (${cause ?? state}${when})`;
}

const isAskable = ({ state }: ModelStatus): boolean => state === "ready" || state === "half_open";
