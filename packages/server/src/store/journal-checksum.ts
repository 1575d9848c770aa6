import { crc32 } from "node:zlib";

/**
 * CRC-32 of what a row of a journal says, and of whose it is and when it was: bits that flipped or a
 * torn page show, somebody who can write the file does not. The row's place among the others is proven
 * by the dense numbers and the turn's `last_event`, so that this can be made before the number is
 * known.
 *
 * @param at wall time in milliseconds
 * @param body JSON of the event without seq and at
 */
export const journalChecksum = (turn_id: string, at: number, type: string, body: string): number =>
  crc32(`${turn_id}\n${at}\n${type}\n${body}`);
