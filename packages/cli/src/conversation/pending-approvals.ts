import type { ApprovalNews } from "@mainstay/sdk/consent";
import type { Approval } from "@mainstay/sdk/resources";
import { commandLine } from "../terminal/escape.ts";
import { verdictText } from "./consent.ts";

type Decided = Extract<ApprovalNews, { type: "decided" }>;

export type Change =
  | { kind: "asked"; approval: Approval }
  | ({ kind: "decided"; approval: Approval } & Pick<Decided, "state" | "by" | "because">)
  /** Decided while the connection was lost; how is not known. */
  | { kind: "gone"; approval: Approval };

export interface PendingApprovals {
  /** In the order in which they came. */
  items(): Approval[];
  /** What the news change; what is known already is no change. */
  hear(news: ApprovalNews): Change[];
}

export function createPendingApprovals(): PendingApprovals {
  const items = new Map<string, Approval>();
  const add = (approval: Approval): Change[] => {
    if (approval.state !== "pending" || items.has(approval.id)) return [];
    items.set(approval.id, approval);
    return [{ kind: "asked", approval }];
  };
  const take = (id: string, changeOf: (approval: Approval) => Change): Change[] => {
    const approval = items.get(id);
    return approval && items.delete(id) ? [changeOf(approval)] : [];
  };
  return {
    items: () => [...items.values()],
    hear(news) {
      switch (news.type) {
        case "requested":
          return add(news.approval);
        case "decided":
          return take(news.id, (approval) => ({ kind: "decided", ...news, approval }));
        case "snapshot": {
          const still = new Set(news.items.map(({ id }) => id));
          const lost = [...items.keys()].filter((id) => !still.has(id));
          const gone = lost.flatMap((id) => take(id, (approval) => ({ kind: "gone", approval })));
          return [...gone, ...news.items.flatMap(add)];
        }
      }
    },
  };
}

/** `Ada approved it elsewhere: npm test` */
export function endLine(change: Exclude<Change, { kind: "asked" }>): string {
  return `${endOf(change)}: ${commandLine(change.approval.command)}`;
}

function endOf(change: Exclude<Change, { kind: "asked" }>): string {
  if (change.kind === "gone") return "It was decided elsewhere";
  if (change.state === "expired") return "Nobody decided in time, so it is denied";
  const decision = change.state === "approved" ? "approve" : "deny";
  return verdictText({ decision, by: change.by, because: change.because });
}
