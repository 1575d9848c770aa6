import type { AttemptCode } from "../policy/codes.ts";
import { knownProviders } from "../settings/known.ts";
import type { ProviderSettings } from "../target.ts";

/** What a fault means to whoever set the provider up, and what to do. */
export interface Explained {
  readonly means: string;
  readonly fix: string;
}

type Words = (provider: ProviderSettings) => Explained;

const keyFix = (provider: ProviderSettings): string => {
  const { id } = provider;
  const page = knownProviders.find(({ type }) => type === provider.type)?.keys_page;
  const where = page === undefined ? "get a key of this server" : `make a key at ${page}`;
  return `${where}, then: mainstay provider set ${id}`;
};

const addressOf = ({ base_url, id }: ProviderSettings): string => base_url ?? `${id}'s own address`;

const answersBadly: Words = (provider) => ({
  means: "something answers there that does not speak as it should",
  fix:
    provider.base_url === null
      ? "try again; if it stays so, a proxy or the provider is at fault"
      : `is ${provider.base_url} the address of an OpenAI-compatible server? It mostly ends in /v1`,
});

const wentAway: Words = () => ({
  means: "the connection broke off in the middle of an answer",
  fix: "try again; if it stays so, look at the network and at the provider's status page",
});

const tooSlow: Words = (provider) => ({
  means: "it took too long",
  fix:
    provider.base_url === null
      ? "try again; if it stays so, look at the provider's status page"
      : "a model that is being loaded takes its time: try again, or choose a smaller one",
});

const words: Record<AttemptCode, Words> = {
  connect: (provider) => ({
    means: `nothing answers at ${addressOf(provider)}`,
    fix:
      provider.base_url === null
        ? "is this machine on the network, and may it reach the provider?"
        : "is the server there running, and is base_url right?",
  }),
  first_token_timeout: tooSlow,
  stalled: tooSlow,
  timed_out: tooSlow,
  auth: (provider) => ({ means: "the key is refused", fix: keyFix(provider) }),
  payment: () => ({
    means: "the key is right, and its account has no credit left, or reached its cap",
    fix: "add credit, or raise the cap, in the account of the provider",
  }),
  rate: () => ({
    means: "the key is right, and its rate is used up for now",
    fix: "wait a minute and try again; a key of a free plan allows little",
  }),
  overload: () => ({
    means: "the provider has too much to do",
    fix: "try again in a minute; meanwhile another provider is asked",
  }),
  server_error: () => ({
    means: "the provider met a fault of its own",
    fix: "try again in a minute; meanwhile another provider is asked",
  }),
  request_too_large: () => ({
    means: "this small request is larger than the rate of the key allows",
    fix: "choose another model, or a plan that allows more tokens a minute",
  }),
  context_too_long: () => ({
    means: "this small request is longer than the model can read",
    fix: "choose a model with a longer context; a local server has a setting for it",
  }),
  content: () => ({
    means: "a filter of the provider took offence at a harmless request",
    fix: "choose another model, or look at the filters of the account",
  }),
  not_found: ({ id }) => ({
    means: "there is no such model, or not for this key",
    fix: `name another in models of mainstay.json, or in the variable of ${id}`,
  }),
  rejected: () => ({
    means: "the provider does not take the request as it is made",
    fix: "choose another model; if none works, it is a fault of Mainstay's: tell us what it said",
  }),
  malformed: answersBadly,
  empty: () => ({
    means: "it answered without a word",
    fix: "try again; if it stays so, choose another model",
  }),
  invalid_call: () => ({
    means: "it called a tool with arguments that cannot be read",
    fix: "choose a model that is good with tools: Mainstay works through them",
  }),
  planning: () => ({
    means: "it answered with a plan in the place of an answer",
    fix: "choose a model that is good with tools: Mainstay works through them",
  }),
  cut: wentAway,
  too_long: () => ({ means: "it spoke on and on", fix: "choose another model" }),
  cancelled: () => ({ means: "the test was ended", fix: "try again" }),
};

export const explain = (code: AttemptCode, provider: ProviderSettings): Explained =>
  words[code](provider);
