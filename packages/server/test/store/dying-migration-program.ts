import { openWriter } from "../../src/store/sqlite-connection.ts";
import { migrate } from "../../src/store/migrate.ts";
import { migrations } from "../../src/store/migrations/migrations.ts";

/** Migrates `file` and is killed when migration `version` has done its work and is not committed. */
const [, , file, version] = process.argv;
const steps = migrations.map((step, index) => ({
  name: step.name,
  up(db: Parameters<typeof step.up>[0]) {
    step.up(db);
    if (index + 1 === Number(version)) process.kill(process.pid, "SIGKILL");
  },
}));
migrate(openWriter(file!), steps);
