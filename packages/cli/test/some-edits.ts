import type { Edit, Offer } from "@mainstay/sdk/edits";

const ESC = "\u001b";
const held = (letter: string, size_bytes: number) => ({
  ...{ sha256: letter.repeat(64), size_bytes, mode: 0o644 },
});

/** Its words try to mislead a terminal. */
export const standing: Edit = {
  ...{ id: "edit_1", person_id: "usr_1", workspace_id: "ws_1", turn_id: "turn_1" },
  ...{ session_id: "ses_1", origin: "call", intent: `fix${ESC}[2J it` },
  files: [
    { path: "src/a.ts", before: held("a", 10), after: held("b", 12) },
    { path: "old.md", before: held("c", 3), after: null },
    { path: "new.md", before: null, after: held("c", 3), moved_from: "old.md" },
    { path: "gone\n.md", before: held("d", 3), after: null },
  ],
  ...{ state: "applied", fault: null, undoes: [], undone_by: null },
  ...{ created_at: "2026-01-01T00:00:00.000Z", ended_at: "2026-01-01T00:00:01.000Z" },
};

export const undo: Edit = {
  ...standing,
  ...{
    id: "edit_9",
    turn_id: null,
    session_id: null,
    origin: "undo",
    intent: "",
    undoes: ["edit_1"],
  },
  files: [
    { path: "src/a.ts", before: held("b", 12), after: held("a", 10) },
    { path: "new.md", before: held("c", 3), after: null },
    { path: "old.md", before: null, after: held("c", 3) },
  ],
};

export const diff = `--- src/a.ts
+++ src/a.ts
@@ -1,3 +1,3 @@
 one
--- two
+++ two${ESC}[2J
 three
--- old.md
+++ /dev/null
@@ -1 +0,0 @@
-gone`;

export const offer: Offer = {
  ...{ number: 1, path: "src/a.ts", sha256: "e".repeat(64), diff, hidden_lines: 0, fault: null },
};
export const impossible: Offer = {
  ...{ number: 2, path: "../b.ts", sha256: "f".repeat(64), diff: null, hidden_lines: 0 },
  fault: "it leads outside",
};
