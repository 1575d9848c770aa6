import { main } from "../main.ts";

/** `mainstay serve`: runs the server in this process until it is stopped. Returns the exit code. */
export const serve = (): Promise<number> => main();
