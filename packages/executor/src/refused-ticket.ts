import { hash } from "node:crypto";
import { z } from "zod";
import type { ChainEntry } from "./chain-record.ts";
import type { RefusalCode } from "./command.ts";
import { CommandId } from "./ticket.ts";

const Named = z.object({ plan: z.object({ command_id: CommandId }) });

/** What the chain says of a refusal, whatever it was that was handed over as a ticket. */
export function refusalOf(
  claimed: unknown,
  code: RefusalCode,
): Extract<ChainEntry, { kind: "refused" }> {
  const command_id = Named.safeParse(claimed).data?.plan.command_id ?? null;
  return { kind: "refused", command_id, code, ticket_sha256: ticketSha256(claimed) };
}

/** SHA-256 (hex) of its JSON, as it went over the link. */
const ticketSha256 = (claimed: unknown): string =>
  hash("sha256", JSON.stringify(claimed) ?? "", "hex");
