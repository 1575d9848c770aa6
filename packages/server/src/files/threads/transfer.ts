import type { EditRecord } from "../edit.ts";

/** Something with bytes of files, by step of an edit. */
interface WithContents {
  readonly contents: readonly {
    readonly before: Uint8Array | null;
    readonly after: Uint8Array | null;
  }[];
}

/**
 * The same with each content in memory of its own, so that it can be handed to another thread: small
 * buffers share theirs with strangers.
 */
export function handedOver<T extends WithContents>(plan: T): T {
  const own = new Map<Uint8Array, Uint8Array>();
  const owned = (bytes: Uint8Array | null) => {
    if (bytes === null) return null;
    const copy = own.get(bytes) ?? (isAlone(bytes) ? bytes : new Uint8Array(bytes));
    own.set(bytes, copy);
    return copy;
  };
  const contents = plan.contents.map(({ before, after }) => ({
    before: owned(before),
    after: owned(after),
  }));
  return { ...plan, contents };
}

/** An edit without its contents, which may be elsewhere already. */
export const recordOf = ({ edit_id, steps, folders }: EditRecord): EditRecord => ({
  ...{ edit_id, steps, folders },
});

/** The memory of contents that stand alone in it. */
export function buffersOf({ contents }: WithContents): ArrayBuffer[] {
  const all = contents.flatMap(({ before, after }) => [before, after]);
  const buffers = all.flatMap((bytes) => (bytes !== null && isAlone(bytes) ? [bytes.buffer] : []));
  return [...new Set(buffers)];
}

const isAlone = (bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
