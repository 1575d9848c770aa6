import { main } from "../../src/main.ts";

process.exit(await main());
