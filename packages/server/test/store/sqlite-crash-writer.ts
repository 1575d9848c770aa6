import { systemClock } from "@mainstay/sdk/clock";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { hasty, writeUntilKilled } from "./crash-writer.ts";

const [, , home, manner] = process.argv;
const store = await openSqliteStore({ home: home!, clock: systemClock });
await writeUntilKilled(manner === "hasty" ? hasty(store) : store);
