import type { ModelStatus, ProviderStatus } from "@mainstay/sdk/providers";
import type { Readiness } from "@mainstay/sdk/resources";
import type { Availability, ModelBoard } from "../kernel/model-board.ts";

/** Which models can be asked; where some cannot, those alone, why, and when they are looked at again. */
export function modelsCheck(
  models: Pick<ModelBoard, "available" | "status">,
): Readiness["checks"][number] {
  const available = models.available();
  const told = available === "reduced" ? troubled : standsOf;
  const each = models.status().flatMap(told);
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
    ([model, keys]) => `${id}/${model}${troubleInBrackets(keys)}`,
  );
}

/** Of a model with several keys it may be one of them that is not asked, or that only comes back. */
function troubled({ id, pause, models }: ProviderStatus): string[] {
  if (pause !== null) return [`${id} (paused by ${pause.by})`];
  return models
    .filter(({ state }) => state !== "ready")
    .map((status) => {
      const { model, credential } = status;
      const several = models.some((o) => o.model === model && o.credential !== credential);
      return `${id}/${model}${several ? ` with key ${credential}` : ""} (${why(status)})`;
    });
}

const troubleInBrackets = (keys: readonly ModelStatus[]): string => {
  const trouble = troubleOf(keys);
  return trouble === null ? "" : ` (${trouble})`;
};

/** Null where it can be asked: what is wrong with the other keys is no matter then. */
export function troubleOf(keys: readonly ModelStatus[]): string | null {
  const [first] = keys;
  return first === undefined || keys.some(isAskable) ? null : why(first);
}

function why({ state, cause, until }: ModelStatus): string {
  const when = until === null ? "" : ` until ${until.slice(11, 16)} UTC`;
  const back = state === "half_open" ? "comes back, " : "";
  return `${back}${cause ?? state}${when}`;
}

const isAskable = ({ state }: ModelStatus): boolean => state === "ready" || state === "half_open";
