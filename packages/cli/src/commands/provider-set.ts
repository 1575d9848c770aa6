import { exit, type ExitCode } from "../exit.ts";
import { UsageFault } from "../faults.ts";
import { escapePath, oneLine } from "../terminal/escape.ts";
import { readSecret } from "../terminal/secret-line.ts";
import type { ProviderParts } from "./provider-list.ts";
import { followTrial } from "./provider-test.ts";

const NOT_HERE =
  "A key has no place on the command line: everybody on this machine can see it there. Take that one back at the provider, and give the new one when asked.";

/** The key comes from the keyboard or a pipe: arguments of commands are seen by everybody here. */
export async function setKey(
  { screen, terminal }: ProviderParts,
  name: string,
  { json, on_line }: { json: boolean; on_line: boolean },
): Promise<ExitCode> {
  if (on_line) throw new UsageFault(NOT_HERE);
  const room = await import("@mainstay/server/commands/provider");
  const api_key = await readSecret(terminal, `Key of ${oneLine(name)} (it is not shown): `);
  if (api_key === null) throw new UsageFault("No key was given; nothing has changed.");
  const proposal = room.proposeKey(name, api_key);
  if (proposal.kind === "unknown")
    throw new UsageFault(
      `There is no provider ${oneLine(name)}; there are: ${proposal.configured.join(", ")}. Others are named in mainstay.json first.`,
    );
  if (proposal.kind === "outdone")
    throw new UsageFault(
      `The key of ${oneLine(name)} comes from elsewhere (${proposal.source}), which wins; set it there, or unset it there first.`,
    );
  const steps = await followTrial(proposal.test(), screen, json);
  const verdict = room.verdictOf(steps);
  const file = verdict === "refused" ? null : await proposal.keep();
  if (json) screen.json({ kept: file !== null, file, steps });
  else if (file === null)
    screen.note("The key is not kept, for nothing was answered with it.", "bad");
  else {
    const busy =
      "Nothing was answered now, for the provider is busy or the rate of the key used up. ";
    const kept = `Kept in ${escapePath(file)}. The server takes it in at its next start.`;
    screen.note(`${verdict === "busy" ? busy : ""}${kept}`, "good");
  }
  return verdict === "refused" ? exit.failed : exit.ok;
}
