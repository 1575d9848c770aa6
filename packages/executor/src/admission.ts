/** Whether a ticket is for a command that can run here and now. A refusal burned nothing. */
import type { Clock } from "@mainstay/sdk/clock";
import type { RefusalCode, RunAnswer } from "./command.ts";
import { PinChanged } from "./pinned-files.ts";
import type { Prepared, Sandbox } from "./sandbox/sandbox.ts";
import { type Consent, letsThrough, verifyTicket, type Plan, type Ticket } from "./ticket.ts";
import { whyChanged, type Workspace, type Workspaces } from "./workspaces.ts";

export interface Admission {
  /** The ticket, if it is one of the server's and still good. */
  verify(claimed: unknown): Ticket | RunAnswer;
  prepare(plan: Plan): Promise<Prepared | RunAnswer>;
}

export interface AdmissionParts {
  ticket_key: Uint8Array;
  sandbox: Sandbox;
  workspaces: Workspaces;
  clock: Clock;
}

export function createAdmission(parts: AdmissionParts): Admission {
  const { ticket_key, sandbox, workspaces, clock } = parts;

  return {
    verify(claimed) {
      const verified = verifyTicket(ticket_key, claimed, clock.now());
      if (!verified.ok) return refuse(verified.code, verified.message);
      const { consent } = verified.ticket;
      return letsThrough(consent) ? verified.ticket : refuseConsent(consent);
    },
    async prepare(plan) {
      const report = await sandbox.report();
      if (!report.available) return refuse("sandbox_unavailable", reasons(report));
      const workspace = workspaces.find(plan.workspace_id);
      if (workspace === null) return unknownWorkspace(plan);
      const openings = plan.openings
        .map((id) => workspaces.findOpening(id))
        .filter((found) => found !== null);
      if (openings.length < plan.openings.length) return unknownOpening(plan);
      const refused = refuseFolders(plan, [workspace, ...openings]);
      return refused ?? (await prepareOrRefuse(plan, workspace, openings));
    },
  };

  async function prepareOrRefuse(
    plan: Plan,
    workspace: Workspace,
    openings: Workspace[],
  ): Promise<Prepared | RunAnswer> {
    try {
      const stage = await sandbox.stage();
      if (plan.profile === "search" && stage.ripgrep_folder === null) {
        return refuse("search_unavailable", "there is no ripgrep on this host");
      }
      return await sandbox.prepare(plan, workspace, openings);
    } catch (error) {
      if (error instanceof PinChanged) return refuse("pin_changed", error.message);
      const unavailable = refuse("sandbox_unavailable", (error as Error).message);
      return refuseFolders(plan, [workspace, ...openings]) ?? unavailable;
    }
  }
}

function refuseConsent({ verdict, kind }: Consent): RunAnswer {
  if (verdict !== "blocked") return refuse("not_agreed", `${kind} is no consent to ${verdict}`);
  return refuse("blocked", "a command that was classified as blocked needs an admin's override");
}

export function refuse(code: RefusalCode, message: string): RunAnswer {
  return { state: "refused", code, message };
}

function refuseFolders(plan: Plan, folders: Workspace[]): RunAnswer | null {
  const strange = folders.find((one) => one.person_uid_number !== plan.person_uid_number);
  if (strange !== undefined) return refuse("wrong_person", `${strange.id} is another person's`);
  const changed = folders.map(whyChanged).find((why) => why !== null);
  return changed === undefined
    ? null
    : refuse("workspace_changed", `${changed}; register it again`);
}

function unknownOpening({ openings }: Plan): RunAnswer {
  const ids = openings.join(", ");
  return refuse("unknown_workspace", `one of ${ids} is not registered to be opened`);
}

function unknownWorkspace(plan: Plan): RunAnswer {
  return refuse("unknown_workspace", `${plan.workspace_id} is not registered with the executor`);
}

function reasons(report: Awaited<ReturnType<Sandbox["report"]>>): string {
  const failed = report.checks.filter(({ state }) => state === "open");
  return failed.map(({ name, detail, fix }) => `${name}: ${detail} (fix: ${fix})`).join("; ");
}
