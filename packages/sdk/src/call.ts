import type { z } from "zod";
import type { Clock } from "./clock.ts";
import { Problem, ProblemCode } from "./problem.ts";

/** The part of `fetch` that the client needs, so that any implementation fits. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchAnswer>;

export interface FetchInit {
  method: string;
  headers: Record<string, string>;
  body?: string;
  signal: AbortSignal;
}

export interface FetchAnswer {
  status: number;
  headers: { get(name: string): string | null };
  text(): Promise<string>;
  body: { getReader(): ByteReader } | null;
}

export interface ByteReader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

/** The server understood and refused: `problem` says why and what to do. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.title}: ${problem.detail}`);
    this.name = "ProblemError";
    this.problem = problem;
  }
}

/** Nobody answered: no server, no network, or no answer in time. The call may have had its effect. */
export class Unreachable extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(what, options);
    this.name = "Unreachable";
  }
}

/** Somebody answered, but not with what this API answers: another service, or another version. */
export class ProtocolError extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(what, options);
    this.name = "ProtocolError";
  }
}

export interface Connection {
  /** Where the API is, without `/v1`: `http://127.0.0.1:7420`. */
  base_url: string;
  key: string;
  fetch: Fetch;
  clock: Clock;
}

export interface Request<T extends z.ZodType> {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  answer: T;
  body?: unknown;
  headers?: Record<string, string>;
  /** Statuses besides 2xx whose body is an `answer` too. */
  also?: readonly number[];
  timeout_ms?: number;
}

const CALL_TIMEOUT_MS = 30_000;

/** One call, never repeated. Throws `ProblemError`, `Unreachable` or `ProtocolError`. */
export async function call<T extends z.ZodType>(
  connection: Connection,
  { method, path, answer, body, headers, also = [], timeout_ms = CALL_TIMEOUT_MS }: Request<T>,
): Promise<z.infer<T>> {
  const late = new AbortController();
  const disarm = connection.clock.after(timeout_ms, () => {
    late.abort(new Error(`no answer within ${timeout_ms / 1000} s`));
  });
  try {
    const response = await send(connection, path, {
      method,
      headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: late.signal,
    });
    const text = await unlessLost(connection, () => response.text());
    if (!isSuccess(response.status) && !also.includes(response.status))
      throw refusalOf(response.status, text);
    return parsed(answer, text, `${method} ${path}`);
  } finally {
    disarm();
  }
}

/** Sends one request with the key; resolves when the headers are here. Throws `Unreachable`. */
export function send(connection: Connection, path: string, init: FetchInit): Promise<FetchAnswer> {
  const headers = { authorization: `Bearer ${connection.key}`, ...init.headers };
  return unlessLost(connection, () =>
    connection.fetch(`${connection.base_url}${path}`, { ...init, headers }),
  );
}

async function unlessLost<T>({ base_url }: Connection, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw new Unreachable(`${base_url} does not answer: ${rootCause(cause)}`, { cause });
  }
}

/** `fetch` says "fetch failed" and hides what happened in a chain of causes. */
function rootCause(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault);
  return fault.cause === undefined ? fault.message : rootCause(fault.cause);
}

export const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** A gateway that speaks for a server it cannot reach is the same as nobody answering. */
const gateway_statuses: readonly number[] = [502, 503, 504];

/** A newer server may have codes that are not known here; its words are good all the same. */
const ToldProblem = Problem.extend({ code: ProblemCode.catch("internal") });

export function refusalOf(status: number, text: string): Error {
  const problem = ToldProblem.safeParse(jsonOf(text));
  if (problem.success) return new ProblemError(problem.data);
  const what = `status ${status} without a problem that this client understands`;
  return gateway_statuses.includes(status) ? new Unreachable(what) : new ProtocolError(what);
}

export function parsed<T extends z.ZodType>(schema: T, text: string, what: string): z.infer<T> {
  const result = schema.safeParse(jsonOf(text));
  if (result.success) return result.data;
  throw new ProtocolError(`${what}: the answer is not what this version expects`, {
    cause: result.error,
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
