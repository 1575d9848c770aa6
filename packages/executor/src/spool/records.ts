/**
 * The bytes of a spool file: a head with the limit of the command's output, then records of
 * `length u32, checksum u32, offset f64, bytes`, little endian. Every checksum starts from that of
 * the command's id, so that a file under another name is not believed either.
 */
import { crc32 } from "node:zlib";

const MAGIC = 0x31_50_53_4d; // MSP1
export const SPOOL_HEAD_BYTES = 12;
const RECORD_HEAD_BYTES = 16;

export function spoolHead(command_id: string, limit_bytes: number): Buffer {
  const head = Buffer.alloc(SPOOL_HEAD_BYTES);
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(limit_bytes, 4);
  head.writeUInt32LE(crc32(head.subarray(0, 8), crc32(command_id)), 8);
  return head;
}

/** `offset` counts raw bytes of output since the command began. */
export function record(command_id: string, offset: number, bytes: Buffer): Buffer[] {
  const head = Buffer.alloc(RECORD_HEAD_BYTES);
  head.writeUInt32LE(bytes.length, 0);
  head.writeDoubleLE(offset, 8);
  head.writeUInt32LE(recordSum(command_id, head, bytes), 4);
  return [head, bytes];
}

function recordSum(command_id: string, head: Buffer, bytes: Buffer): number {
  const length_sum = crc32(head.subarray(0, 4), crc32(command_id));
  return crc32(bytes, crc32(head.subarray(8), length_sum));
}

/** Output without a gap. */
export interface Extent {
  offset: number;
  bytes: Buffer;
}

export interface Records {
  limit_bytes: number;
  /** One, or head and tail with a gap between. */
  extents: Extent[];
  /** Why the file is not believed from some point on. */
  damage: string | null;
}

export function readRecords(command_id: string, file: Buffer): Records {
  if (!file.subarray(0, SPOOL_HEAD_BYTES).equals(headOf(command_id, file))) {
    return { limit_bytes: 0, extents: [], damage: "the file of its output is damaged" };
  }
  const pieces: Extent[] = [];
  let at = SPOOL_HEAD_BYTES;
  while (at < file.length) {
    const read = readRecord(command_id, file.subarray(at));
    if (read === null) break;
    pieces.push(read);
    at += RECORD_HEAD_BYTES + read.bytes.length;
  }
  const torn = `the file of its output is torn or damaged after ${at} of ${file.length} bytes`;
  const damage = at === file.length ? null : torn;
  return { limit_bytes: file.readUInt32LE(4), extents: joined(pieces), damage };
}

/** The head that a file with this limit must have. */
function headOf(command_id: string, file: Buffer): Buffer {
  return spoolHead(command_id, file.length < SPOOL_HEAD_BYTES ? 0 : file.readUInt32LE(4));
}

function readRecord(command_id: string, rest: Buffer): Extent | null {
  if (rest.length < RECORD_HEAD_BYTES) return null;
  const end = RECORD_HEAD_BYTES + rest.readUInt32LE(0);
  if (end > rest.length) return null;
  const head = rest.subarray(0, RECORD_HEAD_BYTES);
  const bytes = rest.subarray(RECORD_HEAD_BYTES, end);
  if (head.readUInt32LE(4) !== recordSum(command_id, head, bytes)) return null;
  return { offset: head.readDoubleLE(8), bytes };
}

function joined(pieces: Extent[]): Extent[] {
  const runs: Extent[][] = [];
  let end = -1;
  for (const piece of pieces) {
    if (piece.offset === end) runs.at(-1)!.push(piece);
    else runs.push([piece]);
    end = piece.offset + piece.bytes.length;
  }
  return runs.map((run) => ({
    offset: run[0]!.offset,
    bytes: Buffer.concat(run.map(({ bytes }) => bytes)),
  }));
}
