import { type Authenticate, createAuthenticate } from "./authentication.ts";
import { ensureOwner } from "./owner.ts";
import { createPeople, type People, type PeopleParts } from "./people.ts";
import { createWorkspaces, type Workspaces, type WorkspacesParts } from "./workspaces.ts";

export type { Person } from "./authentication.ts";
export type { People } from "./people.ts";
export type { Workspaces } from "./workspaces.ts";

export interface Identity {
  /** Makes the owner and `home/owner.key` where they are missing; `created` says that the key is new. */
  ensureOwner(): Promise<{ created: boolean }>;
  /** The person of an `Authorization` header; null for no key, an unknown or a revoked one. */
  readonly authenticate: Authenticate;
  readonly workspaces: Workspaces;
  readonly people: People;
}

/** People, their keys and the folders that are theirs. */
export function createIdentity(parts: WorkspacesParts & PeopleParts): Identity {
  return {
    ensureOwner: () => ensureOwner(parts),
    authenticate: createAuthenticate(parts.store, parts.clock),
    workspaces: createWorkspaces(parts),
    people: createPeople(parts),
  };
}
