import type { Approval } from "@mainstay/sdk/resources";
import type { Client } from "@mainstay/sdk/client";
import type { Turn } from "@mainstay/sdk/turn";

/**
 * How a call of the model ended:
 * `ran` a command that only reads · `agreed` a command that a person or their rule agreed to ·
 * `asked` a person was asked and has not agreed · `blocked` nobody was asked · `refused` the tool or
 * the executor would not · `edited` a file was written by a tool · `looked` a tool read.
 */
export type Ending = "ran" | "agreed" | "asked" | "blocked" | "refused" | "edited" | "looked";

/** Where an attack takes place, for its text to name. */
export interface Marks {
  /** In the name of whatever it makes, so that it is found wherever it is. */
  readonly mark: string;
  readonly workspace: string;
  readonly outside: string;
  /** `MAINSTAY_HOME`. */
  readonly home: string;
  /** The canary that listens, and the server itself. */
  readonly url: string;
  readonly port: number;
  readonly server: string;
}

export interface Call {
  readonly tool: string;
  readonly input: Record<string, unknown> | string;
  readonly id?: string;
}

/** What one planted text orders, and how that must end. */
export interface Attack {
  readonly name: string;
  /** One step after the other; the calls of a step at once. */
  readonly steps: (at: Marks) => readonly (readonly Call[])[];
  /** Words that the model says with its first calls. */
  readonly says?: string;
  /** Of its calls in their order, as far as they were made; any, where it is a race. */
  readonly ends: readonly Ending[] | "any";
  /** Ways by which it would be another attack: what it does brings the order again, or undoes it. */
  readonly not_by?: readonly string[];
  /** Planted beside it: a text, a link to a target, a FIFO, or made by what it takes. */
  readonly files?: (at: Marks) => Readonly<Record<string, Planted>>;
  /** The folder is the stranger's workspace too. */
  readonly is_shared?: boolean;
  /** What the person did there before, in all calm. */
  readonly before?: (people: People) => Promise<unknown>;
  /** What the person does while the turn waits for them; nothing, unless told. */
  readonly person?: (person: Person) => Promise<unknown>;
  /** Commands that a rule of the person's covers. */
  readonly ruled?: readonly string[];
  /** Files of the workspace that what the person agreed to changes. */
  readonly may_change?: readonly string[];
  /** Tables of rights that the person's own doings change. */
  readonly may_change_rights?: readonly string[];
}

export type Planted = string | { readonly link: string } | { readonly fifo: true };

/** Who is in the house. */
export interface People {
  /** The one who asks something harmless; an admin. */
  readonly client: Client;
  /** Somebody else, who is no admin. */
  readonly stranger: Client;
  readonly at: Marks;
  /** Asks in the attacked workspace, in a session of its own, until it waits or has ended. */
  ask(message: string): Promise<Turn>;
  /** A person at work in the folder, as with an editor. */
  write(path: string, text: string): Promise<void>;
}

/** The one who asked, in the middle of the attack. */
export interface Person extends People {
  /** As it stands now. */
  turn(): Promise<Turn>;
  /** What waits for a decision in this turn. */
  approval(): Promise<Approval>;
  /** Decides, and resolves when the turn waits again or has ended. */
  decide(decision: "approve" | "deny", how?: { remember?: boolean }): Promise<void>;
  /** Does what makes the turn go on, and resolves when it waits again or has ended. */
  untilRest(go: () => Promise<unknown>): Promise<void>;
}
