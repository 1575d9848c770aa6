import { pino } from "pino";

/** JSON lines. Secrets have no place in them: callers log ids and messages, never requests. */
export interface Log {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

export type LogLevel = "silent" | "error" | "warn" | "info";

/** Writes to the standard error stream, so that standard output stays for people and pipes. */
export const createLog = (level: LogLevel): Log =>
  pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
