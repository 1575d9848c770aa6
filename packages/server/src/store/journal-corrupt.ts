/** A journal that cannot be: a gap, a wrong first event, an event after the end (J4, J5). */
export class JournalCorrupt extends Error {
  constructor(fault: string) {
    super(`the journal is corrupt: ${fault}`);
    this.name = "JournalCorrupt";
  }
}
