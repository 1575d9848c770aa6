/**
 * Tells a person in a chat how the questions end that parked: each goes on beside the chat.
 *
 * P1. A turn is followed once at a time, and its end is told once: here, or by who took it over.
 * P2. It is followed over a server that is away, however long that takes.
 */
import { Unreachable } from "@mainstay/sdk/call";
import type { Client } from "@mainstay/sdk/client";
import {
  type BodyOf,
  type ClientEvent,
  isJournalEvent,
  type JournalEvent,
} from "@mainstay/sdk/events";
import type { Turn } from "@mainstay/sdk/turn";
import { commandLine, oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";
import type { PromptNews } from "./prompt-news.ts";
import { tellEnd } from "./turn-view.ts";
import { isTypedCommand } from "./typed-command.ts";

export type Question = Pick<Turn, "id" | "session_id" | "message">;

export interface ParkedQuestions {
  /** From the event after number `seen`; `is_model_awaited`: a model that answers lets it go on. */
  follow(question: Question, seen: number, is_model_awaited: boolean): void;
  /** Follows what is parked in a session already, and says so. */
  find(session_id: string): void;
  /** Lets go of it; the call that is returned follows it on. */
  take(turn_id: string): () => void;
  /** The id of the one that was followed last. */
  newest(): string | undefined;
  /** Says of what is parked there that something later in its session has passed it. */
  pass(session_id: string | undefined): void;
  close(): Promise<void>;
}

export interface ParkedParts {
  client: Pick<Client, "events" | "turns">;
  news: Pick<PromptNews, "write">;
  screen: Screen;
  /** Prints the turn as JSON instead of its answer. */
  json: boolean;
}

interface Followed {
  readonly question: Question;
  readonly stop: AbortController;
  seen: number;
  is_model_awaited: boolean;
}

const QUESTION_CHARS = 60;

export function openParkedQuestions({ client, news, screen, json }: ParkedParts): ParkedQuestions {
  const followed = new Map<string, Followed>();
  const under_way = new Set<Promise<void>>();
  const closing = new AbortController();
  const note = (line: string) => news.write(() => screen.note(line));

  function begin(work: Promise<void>): void {
    const done = work.finally(() => under_way.delete(done));
    under_way.add(done);
  }

  async function listen(one: Followed): Promise<void> {
    const { question, stop } = one;
    const signal = AbortSignal.any([stop.signal, closing.signal]);
    let why: string | undefined;
    while (!signal.aborted) {
      try {
        const how = { after: one.seen, watch: true, signal };
        for await (const event of client.events(question.id, how)) {
          if (signal.aborted) return;
          if (event.type === "step_ended") why = event.why;
          if (event.type === "settled") return await end(one, event, why);
          hear(one, event);
        }
        return;
      } catch (fault) {
        if (fault instanceof Unreachable) continue;
        followed.delete(question.id);
        return note(
          `${subject(question)} is not followed any more: mainstay status ${question.id}`,
        );
      }
    }
  }

  function hear(one: Followed, event: ClientEvent): void {
    if (!isJournalEvent(event)) return;
    one.seen = event.seq;
    if (event.type === "retried") one.is_model_awaited = false;
    if (event.type !== "parked") return;
    one.is_model_awaited = awaitsModel(event);
    if (event.waits_for === "person")
      note(`${subject(one.question)} waits for your /retry; no model has answered it.`);
  }

  async function end(
    { question }: Followed,
    event: JournalEvent & BodyOf<"settled">,
    why: string | undefined,
  ): Promise<void> {
    const { id, session_id } = question;
    followed.delete(id);
    const turn = json ? await client.turns.get(id) : undefined;
    news.write(() => {
      screen.note(`${subject(question)} ${ends[event.state]}`, "strong");
      if (turn) screen.json(turn);
      else screen.answer(`${event.answer}\n`);
      tellEnd(screen, event, why, [id, session_id]);
    });
  }

  function follow(question: Question, seen: number, is_model_awaited: boolean): void {
    if (followed.has(question.id) || closing.signal.aborted) return;
    const one = { question, seen, is_model_awaited, stop: new AbortController() };
    followed.set(question.id, one);
    begin(listen(one));
  }

  async function look(session_id: string): Promise<void> {
    try {
      const { items } = await client.turns.list({ state: "parked" });
      for (const turn of items.filter((each) => each.session_id === session_id).toReversed()) {
        if (followed.has(turn.id)) continue;
        follow(turn, turn.last_event, turn.pause === null);
        note(`${subject(turn)} is parked: /retry tries it now, /accept keeps its answer.`);
      }
    } catch {
      note("What is parked in this session is not known: mainstay turns --state parked");
    }
  }

  return {
    follow,
    find: (session_id) => begin(look(session_id)),
    take(turn_id) {
      const one = followed.get(turn_id);
      one?.stop.abort();
      followed.delete(turn_id);
      return () => {
        if (one) follow(one.question, one.seen, one.is_model_awaited);
      };
    },
    newest: () => [...followed.keys()].at(-1),
    pass(session_id) {
      for (const one of followed.values()) {
        if (!one.is_model_awaited || one.question.session_id !== session_id) continue;
        one.is_model_awaited = false;
        screen.note(`${subject(one.question)} waits for your /retry now: this one has passed it.`);
      }
    },
    async close() {
      closing.abort();
      await Promise.all(under_way);
    },
  };
}

const awaitsModel = ({ pause, waits_for }: BodyOf<"parked">): boolean =>
  pause === undefined && waits_for !== "person";

const ends = {
  done: "is answered:",
  failed: "has failed:",
  cancelled: "was cancelled:",
} as const;

/** `Your earlier question "what does it do?"` */
function subject({ message }: Question): string {
  const words = isTypedCommand(message)
    ? commandLine(message, QUESTION_CHARS)
    : oneLine(message, QUESTION_CHARS);
  return `Your earlier question "${words}"`;
}
