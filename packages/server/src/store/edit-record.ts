import { z } from "zod";

const FileAs = z.object({
  sha256: z.string(),
  size_bytes: z.int(),
  mode: z.int(),
  uid: z.int(),
  gid: z.int(),
});

const Step = z.object({
  path: z.string(),
  before: FileAs.nullable(),
  after: FileAs.nullable(),
  moved_from: z.string().optional(),
});

const Kept = z.object({
  steps: z.array(Step).readonly(),
  folders: z.array(z.string()).readonly(),
});
type Step = Omit<z.infer<typeof Step>, "moved_from"> & { readonly moved_from?: string };

/** Of an edit, beside its id; what the fields mean is the files room's to say. */
export interface KeptEdit {
  readonly steps: readonly Step[];
  readonly folders: readonly string[];
}

/** What a row keeps of an edit. */
export const recordText = ({ steps, folders }: KeptEdit): string =>
  JSON.stringify({ steps, folders } satisfies z.input<typeof Kept>);

export function keptIn(text: string): KeptEdit {
  const { steps, folders } = Kept.parse(JSON.parse(text));
  return { steps: steps.map(exactly), folders };
}

const exactly = ({ moved_from, ...step }: z.infer<typeof Step>): Step => ({
  ...step,
  ...(moved_from !== undefined && { moved_from }),
});
