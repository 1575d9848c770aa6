/** The data is not what was written; the message says what is known and what to do. */
export class DataDamaged extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DataDamaged";
  }
}
