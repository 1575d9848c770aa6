/** The bounds of this room, and what happens at each. */
export const bounds = {
  /** A longer path is refused; the kernel's own bound. */
  path_bytes: 4_096,
  /** Names and links walked for one path; past it the path is refused. */
  steps: 128,
  /** Links followed for one path, as in the kernel; past it the path is refused. */
  links: 40,
  /** Files that one edit may change; past it the edit is refused. */
  edit_files: 200,
  /** Folders that one edit may create; past it the edit is refused. */
  new_folders: 16,
  /** The same of what puts many edits back at once. */
  restored_files: 2_000,
  restored_folders: 2_000,
  /** The longest text that one read returns; the rest is the next window. */
  window_bytes: 262_144,
  /** A larger file cannot be edited, and is read only as far as this. */
  file_bytes: 10_485_760,
  /** What one edit holds in memory, before and after; past it the edit is refused. */
  edit_bytes: 134_217_728,
  /** A larger program is not pinned, and who agrees to it hears so. */
  program_bytes: 10_485_760,
  /** A NUL within the first bytes marks a binary file. */
  sniff_bytes: 8_192,
  /** Lines and characters of a diff that are shown; the rest is counted. */
  diff: { lines: 200, chars: 12_000 },
  /** The same for who asks for the diff of one edit, or is asked about an offer. */
  whole_diff: { lines: 5_000, chars: 400_000 },
  /** Larger texts are not compared for a diff, only counted. */
  diff_text_chars: 1_048_576,
  /** Edits between two texts past which no diff is computed, only counted. */
  diff_edits: 1_000,
  /** Places where one edit may replace; past it the edit is refused. */
  replacements: 10_000,
  /** Hunks of one patch; past it the patch is refused. */
  hunks: 1_000,
  /** Lines compared to find the one that an edit may have meant. */
  near_lines: 5_000,
  /** Characters of such a line, or lines, that are shown. */
  near_chars: 2_000,
  /** Entries looked at for one listing; past it "at least N more". */
  listed_entries: 20_000,
} as const;

/** How far one search goes; at each bound it stops and says which. */
export const searchBounds = {
  matches: 200,
  files: 20_000,
  bytes: 67_108_864,
  wall_ms: 2_000,
  /** Deeper folders are not entered. */
  depth: 64,
  /** Entries of one folder that are looked at. */
  entries: 20_000,
  /** A larger file is skipped and counted. */
  file_bytes: 1_048_576,
  /** A longer pattern is refused. */
  pattern_chars: 1_000,
  /** A longer line is cut around its match. */
  line_chars: 300,
} as const;
export type SearchBounds = { readonly [name in keyof typeof searchBounds]: number };
