import type { Clock } from "@mainstay/sdk/clock";
import {
  Command,
  CommandEvent,
  CommandExtension,
  CommandNews,
  CommandOutput,
  CommandsFilter,
} from "@mainstay/sdk/commands";
import { listOf } from "@mainstay/sdk/resources";
import { z } from "zod";
import type { Commands, CommandStream } from "../../execution/execution.ts";
import { endpoint, type Endpoint } from "../endpoint.ts";
import { PageQuery } from "../page-query.ts";
import { eventStream } from "../sse.ts";

const CommandId = z.strictObject({ id: z.string().max(100) });

const CommandsQuery = CommandsFilter.extend(PageQuery.shape);

const OutputQuery = z.strictObject({
  from: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .describe("the byte to begin with: the `next` of the piece before"),
});

export interface CommandRouteParts {
  readonly commands: Commands;
  readonly commandStream: CommandStream;
  readonly clock: Clock;
}

/** `/v1/commands`: what runs and has run, what it prints, more time for it, its end. */
export const commandRoutes = (parts: CommandRouteParts): Endpoint[] => [
  // The stream first: its path is one that an id could have.
  ...streams(parts),
  ...looks(parts),
  ...wishes(parts),
];

const streams = ({ commands, commandStream, clock }: CommandRouteParts): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/v1/commands/events",
      summary: "Your commands that run, begin and end, as server-sent events.",
      auth: "person",
      responses: {
        200: {
          description: "A snapshot, then changes",
          media: "text/event-stream",
          body: CommandNews,
        },
      },
    },
    async ({ person, connection }) =>
      eventStream(clock, connection, (sink) => commandStream.news(person, sink.send, sink.ended)),
  ),
  endpoint(
    {
      method: "get",
      path: "/v1/commands/{id}/events",
      summary: "How one command gets on and what it prints, as server-sent events, to its end.",
      auth: "person",
      params: CommandId,
      responses: {
        200: {
          description: "A snapshot, what happens, the end",
          media: "text/event-stream",
          body: CommandEvent,
        },
      },
    },
    async ({ person, params: { id }, connection }) => {
      // What is not there is a problem to be told; a stream that has begun could only be cut.
      await commands.get(person, id);
      return eventStream(clock, connection, (sink) =>
        commandStream.follow(person, id, sink.send, sink.ended),
      );
    },
  ),
];

const looks = ({ commands }: CommandRouteParts): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/v1/commands",
      summary: "Your commands, the newest first; for an admin, everybody's.",
      auth: "person",
      query: CommandsQuery,
      responses: { 200: { description: "A page", body: listOf(Command) } },
    },
    async ({ person, query: { after, limit, ...filter } }) => ({
      status: 200,
      body: await commands.list(person, filter, { after, limit }),
    }),
  ),
  endpoint(
    {
      method: "get",
      path: "/v1/commands/{id}",
      summary: "One command, and where it stands.",
      auth: "person",
      params: CommandId,
      responses: { 200: { description: "The command", body: Command } },
    },
    async ({ person, params }) => ({ status: 200, body: await commands.get(person, params.id) }),
  ),
  endpoint(
    {
      method: "get",
      path: "/v1/commands/{id}/output",
      summary: "What a command printed, from a byte on, while it runs and after; 256 KiB a piece.",
      auth: "person",
      params: CommandId,
      query: OutputQuery,
      responses: { 200: { description: "A piece of it", body: CommandOutput } },
    },
    async ({ person, params, query }) => ({
      status: 200,
      body: await commands.output(person, params.id, query.from),
    }),
  ),
];

const wishes = ({ commands }: CommandRouteParts): Endpoint[] => [
  endpoint(
    {
      method: "post",
      path: "/v1/commands/{id}/cancel",
      summary: "End a running command and all that it started; its turn goes on.",
      auth: "person",
      params: CommandId,
      responses: { 202: { description: "Its kill is on the way", body: Command } },
    },
    async ({ person, params }) => ({ status: 202, body: await commands.stop(person, params.id) }),
  ),
  endpoint(
    {
      method: "post",
      path: "/v1/commands/{id}/extend",
      summary: "Give a running command more time: so many seconds more, or until a time.",
      auth: "person",
      params: CommandId,
      body: CommandExtension,
      responses: { 200: { description: "With the limit that holds now", body: Command } },
    },
    async ({ person, params, body }) => ({
      status: 200,
      body: await commands.extend(person, params.id, body),
    }),
  ),
];
