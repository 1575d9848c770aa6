/** The lines of a text, each with its ending; the last one may have none. */
export const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** A line without its ending. */
export const bare = (line: string): string => line.replace(/\r?\n$/, "");
