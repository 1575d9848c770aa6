/** The environment, and modules and files from elsewhere. */
const REACHES_OUT =
  /(?<![.\w$])(?:env|import|include|modulemeta|input_filename|get_search_list)\b|\$ENV\b/;
const YQ_REACHES_OUT =
  /\b(?:env|strenv|envsubst|load\w*|eval|system|split_doc|filename)\b|\$ENV|=[^=]/;
const YQ_FILTER = /^(?:[.[({"]|(?:keys|length|type|to_entries|explode)\b)/;

/** Why a filter of jq may do more than read its input; null when it does not. */
export const jqDoubt = (filter: string): string | null =>
  REACHES_OUT.test(filter) ? "a jq filter that reads the environment or other files" : null;

/** Of the programs called yq: their filters, but none of their subcommands. */
export const yqDoubt = (filter: string): string | null =>
  YQ_FILTER.test(filter) && !YQ_REACHES_OUT.test(filter)
    ? null
    : "a yq expression that may do more than read its input";
