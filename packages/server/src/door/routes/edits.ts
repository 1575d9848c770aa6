import { Edit, EditDiff, EditsFilter, Offer, OfferTaken } from "@mainstay/sdk/edits";
import { listOf } from "@mainstay/sdk/resources";
import { z } from "zod";
import type { Edits } from "../../edits/edits.ts";
import { endpoint, type Endpoint } from "../endpoint.ts";
import { PageQuery } from "../page-query.ts";

const Id = z.strictObject({ id: z.string().max(100) });
const EditsQuery = EditsFilter.extend(PageQuery.shape);
const OfferName = Id.extend({ number: z.coerce.number().int().min(1).max(1_000) });

/** `/v1/edits`, the undo of turns and sessions, and what answers offer. */
export const editRoutes = (edits: Edits): Endpoint[] => [
  ...looks(edits),
  ...undos(edits),
  ...offers(edits),
];

const looks = (edits: Edits): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/v1/edits",
      summary: "Your edits of files, the newest first; for an admin, everybody's.",
      auth: "person",
      query: EditsQuery,
      responses: { 200: { description: "A page", body: listOf(Edit) } },
    },
    async ({ person, query: { after, limit, ...filter } }) => ({
      status: 200,
      body: await edits.list(person, filter, { after, limit }),
    }),
  ),
  endpoint(
    {
      method: "get",
      path: "/v1/edits/{id}",
      summary: "One edit: its files before and after, and whether it stands.",
      auth: "person",
      params: Id,
      responses: { 200: { description: "The edit", body: Edit } },
    },
    async ({ person, params }) => ({ status: 200, body: await edits.get(person, params.id) }),
  ),
  endpoint(
    {
      method: "get",
      path: "/v1/edits/{id}/diff",
      summary: "What an edit changed, line by line, as far as what it found is kept.",
      auth: "person",
      params: Id,
      responses: { 200: { description: "A unified diff", body: EditDiff } },
    },
    async ({ person, params }) => ({ status: 200, body: await edits.diff(person, params.id) }),
  ),
];

const undos = (edits: Edits): Endpoint[] => [
  endpoint(
    {
      method: "post",
      path: "/v1/edits/{id}/undo",
      summary: "Take an edit back, whole; refused where later changes would be lost. An undo, too.",
      auth: "person",
      params: Id,
      responses: { 200: { description: "The edit that took it back", body: Edit } },
    },
    async ({ person, params }) => ({
      status: 200,
      body: await edits.undo(person, { edit_id: params.id }),
    }),
  ),
  endpoint(
    {
      method: "post",
      path: "/v1/turns/{id}/undo",
      summary: "Take back every edit of a turn that stands, as one; not what its commands changed.",
      auth: "person",
      params: Id,
      responses: { 200: { description: "The edit that took them back", body: Edit } },
    },
    async ({ person, params }) => ({
      status: 200,
      body: await edits.undo(person, { turn_id: params.id }),
    }),
  ),
  endpoint(
    {
      method: "post",
      path: "/v1/sessions/{id}/undo",
      summary: "Take back every edit of a session that stands, as one.",
      auth: "person",
      params: Id,
      responses: { 200: { description: "The edit that took them back", body: Edit } },
    },
    async ({ person, params }) => ({
      status: 200,
      body: await edits.undo(person, { session_id: params.id }),
    }),
  ),
];

const offers = (edits: Edits): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/v1/turns/{id}/offers",
      summary: "Files that a turn's answer shows as code blocks and that nothing has written.",
      auth: "person",
      params: Id,
      responses: { 200: { description: "The offers", body: listOf(Offer) } },
    },
    async ({ person, params }) => ({
      status: 200,
      body: { items: await edits.offers(person, params.id), next: null },
    }),
  ),
  endpoint(
    {
      method: "post",
      path: "/v1/turns/{id}/offers/{number}",
      summary: "Write what an answer offers, as it was shown to you: `sha256` is the offer's.",
      auth: "person",
      params: OfferName,
      body: OfferTaken,
      responses: { 200: { description: "The edit that wrote it", body: Edit } },
    },
    async ({ person, params: { id, number }, body }) => ({
      status: 200,
      body: await edits.takeOffer(person, id, number, body.sha256),
    }),
  ),
];
