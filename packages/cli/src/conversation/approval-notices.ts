/**
 * Tells a person in a chat what waits for their consent beside it: of other turns, and from other
 * clients.
 *
 * N1. That an approval waits is told once. How it ended is told only where that was told, and not to
 *     those who decided it here.
 * N2. They are an extra: where the server has no news the chat goes on without.
 */
import { Unreachable } from "@mainstay/sdk/call";
import type { Client } from "@mainstay/sdk/client";
import type { Approval } from "@mainstay/sdk/resources";
import { commandLine } from "../terminal/escape.ts";
import type { Verdict, Withdrawal } from "./consent.ts";
import { type Change, createPendingApprovals, endLine } from "./pending-approvals.ts";
import type { PromptNews } from "./prompt-news.ts";

export interface ApprovalNotices {
  /** Whether the news know of anything that waits. */
  anyWaits(): boolean;
  /** The person was told that it waits, or decides it now. */
  told(approval_id: string, how: "waits" | "decides"): void;
  /** Takes a question about it back when it is decided. */
  withdrawalOf(approval_id: string): Withdrawal;
  close(): Promise<void>;
}

export interface NoticesParts {
  client: Pick<Client, "approvals">;
  news: Pick<PromptNews, "add" | "changed">;
}

const COMMAND_CHARS = 60;

export function openApprovalNotices({ client, news }: NoticesParts): ApprovalNotices {
  const stop = new AbortController();
  const pending = createPendingApprovals();
  const questions = createQuestions();
  /** What the person knows of, and whether only as waiting. */
  const known = new Map<string, "waits" | "decides">();
  let ends: string[] = [];

  const newLines = (): string[] => {
    const waiting = pending.items();
    const fresh = waiting.filter(({ id }) => !known.has(id));
    fresh.forEach(({ id }) => known.set(id, "waits"));
    const lines = fresh.length === 0 ? ends : [...ends, waitingLine(fresh, waiting.length)];
    ends = [];
    return lines;
  };

  const hear = (change: Change) => {
    if (change.kind === "asked") return;
    questions.withdraw(change);
    if (known.get(change.approval.id) === "waits") ends.push(endLine(change));
    known.delete(change.approval.id);
  };

  async function listen(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        for await (const event of client.approvals.events({ signal: stop.signal })) {
          pending.hear(event).forEach(hear);
          news.changed();
        }
      } catch (fault) {
        if (!(fault instanceof Unreachable)) return;
      }
    }
  }

  news.add(newLines);
  const listening = listen();
  return {
    anyWaits: () => pending.items().length > 0,
    told: (approval_id, how) => void known.set(approval_id, how),
    withdrawalOf: questions.open,
    async close() {
      stop.abort();
      await listening;
    },
  };
}

/** Questions of this client about what somebody else may decide meanwhile. */
function createQuestions() {
  const open = new Map<string, (verdict: Verdict | undefined) => void>();
  return {
    open(approval_id: string): Withdrawal {
      const withdrawal = new AbortController();
      let known: Verdict | undefined;
      open.set(approval_id, (verdict) => {
        known = verdict;
        withdrawal.abort();
      });
      return { signal: withdrawal.signal, verdict: () => known };
    },
    withdraw(change: Exclude<Change, { kind: "asked" }>) {
      const decision =
        change.kind === "decided" && change.state === "approved" ? "approve" : "deny";
      open.get(change.approval.id)?.(
        change.kind === "gone" ? undefined : { decision, by: change.by, because: change.because },
      );
      open.delete(change.approval.id);
    },
  };
}

/** The newest of what is new; `all` waits. */
function waitingLine(fresh: Approval[], all: number): string {
  const { id, command } = fresh.at(-1)!;
  const what = commandLine(command, COMMAND_CHARS);
  return all === 1
    ? `1 approval waits: ${what} — mainstay approve ${id}, or type /approvals`
    : `${all} approvals wait, the newest: ${what} — /approvals shows them`;
}
