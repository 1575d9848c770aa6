import { realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { openKeys } from "@mainstay/executor/keys";
import { closeExecutor, launchExecutor } from "@mainstay/executor/launch";
import { readChain } from "@mainstay/executor/read-chain";
import { ripgrepPath } from "@mainstay/executor/ripgrep";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import type { ProviderStatus } from "@mainstay/sdk/providers";
import { createAdmission } from "./admission/admission.ts";
import { createNotary } from "./audit/audit.ts";
import type { Config } from "./config.ts";
import { createDispatch, createSuspects } from "./dispatch/dispatch.ts";
import { createDoor } from "./door/door.ts";
import { editRoutes } from "./door/routes/edits.ts";
import { approvalRoutes } from "./door/routes/approvals.ts";
import { auditRoutes } from "./door/routes/audit.ts";
import { commandRoutes } from "./door/routes/commands.ts";
import { eventRoute } from "./door/routes/events.ts";
import { livez } from "./door/routes/livez.ts";
import { me } from "./door/routes/me.ts";
import { networkRoutes } from "./door/routes/network.ts";
import { pauseRoutes } from "./door/routes/pause.ts";
import { providers as providerRoute } from "./door/routes/providers.ts";
import { overrideRoutes } from "./door/routes/overrides.ts";
import { policyRoutes } from "./door/routes/policies.ts";
import { readyz } from "./door/routes/readyz.ts";
import { ruleRoutes } from "./door/routes/rules.ts";
import { sessionRoutes } from "./door/routes/sessions.ts";
import { turnRoutes } from "./door/routes/turns.ts";
import { usageRoute } from "./door/routes/usage.ts";
import { userRoutes } from "./door/routes/users.ts";
import { workspaces } from "./door/routes/workspaces.ts";
import { createTurnReader } from "./door/turn-reader.ts";
import { createEdits } from "./edits/edits.ts";
import { openConsent } from "./execution/consent/open-consent.ts";
import { createExecution } from "./execution/execution.ts";
import { createExpirer } from "./execution/expirer.ts";
import { createOrphans } from "./execution/orphans.ts";
import { createPauses } from "./execution/pauses.ts";
import { BANNER, beginUnsandboxed } from "./execution/unsandboxed.ts";
import { createChangeRecorder, workspaceFiles } from "./files/files.ts";
import { createDiskSpace, createHealth } from "./health/health.ts";
import { createIdentity } from "./identity/identity.ts";
import { localHomes } from "./identity/local-homes.ts";
import { traceOf } from "./kernel/errors.ts";
import { newId } from "./kernel/ids.ts";
import { type Limits, limits as defaultLimits } from "./kernel/limits.ts";
import { systemRandom } from "./kernel/random.ts";
import type { StopMode } from "./kernel/stop-wishes.ts";
import { createMemory } from "./memory/memory.ts";
import { createRetention } from "./memory/retention.ts";
import { createOffline, orOffline } from "./offline/offline.ts";
import { costsBy } from "./providers/cost.ts";
import { createKeptState } from "./providers/kept-state.ts";
import { createDiscovery } from "./providers/discovery/discovery.ts";
import { createKeyCheck } from "./providers/keys/key-check.ts";
import { createProviders } from "./providers/providers.ts";
import { createJournal } from "./store/journal.ts";
import { openSqliteStore } from "./store/sqlite.ts";
import type { Store } from "./store/store.ts";
import { createLog, type Log } from "./telemetry/log.ts";
import { applyPatchTool } from "./tools/apply-patch.ts";
import { commandStatusTool, commandStopTool } from "./tools/command-status.ts";
import { deleteFileTool } from "./tools/delete-file.ts";
import { editFileTool } from "./tools/edit-file.ts";
import { listFilesTool } from "./tools/list-files.ts";
import { moveFileTool } from "./tools/move-file.ts";
import { readFileTool } from "./tools/read-file.ts";
import { searchTool } from "./tools/search.ts";
import { scriptOf, shellTool } from "./tools/shell.ts";
import { createToolbox, type Tool } from "./tools/tools.ts";
import { withChanges } from "./tools/with-changes.ts";
import { writeFileTool } from "./tools/write-file.ts";
import { createLive } from "./turn/live.ts";
import { createTurns } from "./turn/turn.ts";

/** What tests put in the place of the real thing. */
export interface Overrides {
  readonly clock?: Clock;
  readonly limits?: Partial<Limits>;
  readonly log?: Log;
  readonly bubblewrap_path?: string;
  readonly tools?: (tools: readonly Tool[]) => readonly Tool[];
  readonly store?: (store: Store) => Store;
}

export interface Server {
  readonly url: string;
  /** Numbers the starts on this data: a higher one has displaced a lower one. */
  readonly incarnation: number;
  /** True when this start made the owner and the key. */
  readonly owner_created: boolean;
  /** How the models stand, those that were found included. */
  models(): ProviderStatus[];
  /** Resolves with the reason when another server has taken the data: stop, and remove nothing. */
  readonly displaced: Promise<string>;
  /**
   * Takes nothing new, stops what runs where its journal stands, lets go of the data. Commands run
   * on for the next server (`leave`), or are ended with their executor (`end`). Idempotent; `end`
   * has its way also after `leave`, as long as that has not come to its end.
   */
  stop(how: StopMode): Promise<void>;
}

/** Builds every room from the configuration and opens the door. The one place that sees all rooms. */
export async function startServer(config: Config, overrides: Overrides = {}): Promise<Server> {
  const clock = overrides.clock ?? systemClock;
  const limits: Limits = { ...defaultLimits, ...overrides.limits };
  const log = overrides.log ?? createLog(config.log_level);

  const opened = await openSqliteStore({
    home: config.home,
    clock,
    notice: (text) => log.warn({}, text),
  });
  const store = overrides.store?.(opened) ?? opened;
  // The folder exists now; every path below it is the one that is really there.
  const home = await realpath(config.home);
  const journal = createJournal(store, clock);
  const identity = createIdentity({
    store,
    clock,
    newId,
    home,
    uid: config.uid,
    localHomes: () => localHomes(homedir()),
    one_person: config.unsandboxed,
  });
  const owner = await identity.ensureOwner();
  if (config.unsandboxed) {
    await beginUnsandboxed({ store, clock, people: identity.people }).catch(
      async (fault: unknown) => {
        await store.close();
        throw fault;
      },
    );
    log.warn({}, BANNER);
  }

  const backups = { folder: join(home, "backups"), budget: config.backups };
  const files = workspaceFiles({ clock, uid: config.uid, log, backups });
  const changes = createChangeRecorder({ folder: join(home, "changes"), clock, log });
  const pauses = createPauses({ store, clock });
  await pauses.load();
  const edits = createEdits({
    ...{ store, journal, files, clock, newId, log, pauses },
    touched: changes.touched,
  });
  const consent = openConsent({
    ...{ store, journal, clock, newId, limits, scriptOf, pauses },
    workspaces: identity.workspaces,
    people: identity.people,
    readProgram: files.program,
    unsandboxed: config.unsandboxed,
  });
  const keys = openKeys(home);
  const ripgrep_path = await ripgrepPath();
  const execution = createExecution({
    ...consent,
    store,
    readProgram: files.program,
    pauses,
    clock,
    newId,
    limits,
    log,
    changes,
    ticket_key: keys.ticket_key,
    openLink: (onWaiting, signal) =>
      launchExecutor({
        home,
        epoch: store.incarnation,
        node_path: config.node_path,
        ripgrep_path,
        clock,
        log: (text) => log.info({ part: "executor" }, text),
        onWaiting,
        signal,
        unsandboxed: config.unsandboxed,
        ...(overrides.bubblewrap_path && { bubblewrap_path: overrides.bubblewrap_path }),
      }),
    endUnheld: () => closeExecutor({ home, epoch: store.incarnation, clock }),
  });

  const tools = [
    readFileTool({ files }),
    listFilesTool({ files }),
    searchTool({ execution, files }),
    withChanges(editFileTool({ edits }), changes),
    withChanges(writeFileTool({ edits }), changes),
    withChanges(moveFileTool({ edits }), changes),
    withChanges(deleteFileTool({ edits }), changes),
    withChanges(applyPatchTool({ edits }), changes),
    withChanges(shellTool({ execution, limits }), changes),
    commandStatusTool(execution),
    commandStopTool(execution),
  ];
  const toolbox = createToolbox(overrides.tools?.(tools) ?? tools);
  const kept = createKeptState({ store, clock, log });
  const providers = createProviders({
    ...{ settings: config.providers, clock, random: systemRandom, kept, pauses, log },
    before: await kept.load(),
  });
  const keyCheck = createKeyCheck({ clock, log, tested: providers.keyTested });
  const discovery = createDiscovery({
    ...{ places: config.local_places, uid: config.uid, clock, log },
    found: providers.add,
  });
  const offline = createOffline({
    reason: () => "No model is configured",
    provider_configured: config.providers.length > 0,
  });

  const live = createLive();
  const turns = createTurns({
    store,
    journal,
    live,
    clock,
    log,
    limits,
    toolbox,
    model: orOffline(providers, offline),
    memory: createMemory({ store, journal, limits }),
    pauses,
    costOf: costsBy(config.providers),
  });
  const executorChain = async (after: number) =>
    (await execution.chain(after)) ?? readChain(home, after);
  const notary = createNotary({
    store,
    home,
    clock,
    log,
    settings: config.audit,
    executorChain,
  });
  const disk = createDiskSpace(home, limits.disk_reserve_bytes);
  const retention = createRetention({ store, journal, clock, log, settings: config.retention });
  const suspects = createSuspects(clock);
  const admission = createAdmission({
    store,
    journal,
    clock,
    newId,
    limits,
    isSuspect: suspects.has,
    workspaces: identity.workspaces,
    pauses,
    refuseNew: () => disk.refusal() ?? retention.refusal(),
  });
  const dispatch = createDispatch({
    ...{ store, journal, admission, suspects, turns, live, pauses, clock, log, limits },
    models: providers,
  });
  const health = createHealth({
    store,
    disk,
    clock,
    journals: () => ({ ...retention.usage(), is_full: retention.refusal() !== null }),
    spool: async () => {
      const usage = await execution.usage();
      if (usage === null) return null;
      return { used_bytes: usage.spool_bytes, limit_bytes: usage.spool_limit_bytes };
    },
    edits: edits.check,
    audit: notary.check,
    pauses,
    warning: config.unsandboxed ? BANNER : null,
    version: config.version,
    models: providers,
  });
  const orphans = createOrphans({ store, execution, log });
  const expirer = createExpirer({ approvals: consent.approvals, clock, log });
  const reader = createTurnReader({ store, journal, admission });

  const door = createDoor({
    endpoints: [
      livez(),
      readyz(health, identity.authenticate),
      me(pauses, config.unsandboxed ? BANNER : null),
      ...workspaces(identity.workspaces),
      ...networkRoutes(consent.network),
      ...turnRoutes({ admission, dispatch, reader, clock }),
      eventRoute({ store, journal, live, admission, dispatch, reader, clock }),
      ...sessionRoutes(store),
      ...commandRoutes({ ...execution, clock }),
      ...editRoutes(edits),
      ...approvalRoutes({ ...consent, clock }),
      ...ruleRoutes(consent.rules, consent.suggestions),
      ...policyRoutes(consent.policies),
      ...overrideRoutes(consent.overrides),
      ...pauseRoutes(pauses, identity.people, providers),
      providerRoute(providers),
      ...userRoutes(identity.people),
      usageRoute({ store, people: identity.people, clock }),
      ...auditRoutes({ store, people: identity.people, notary, executorChain }),
    ],
    authenticate: identity.authenticate,
    clock,
    version: config.version,
    host_names: config.allowed_hosts,
    report: ({ error, ...at }) =>
      log.error({ ...at, fault: traceOf(error) }, "a request met a fault of ours"),
  });

  const displaced = new Promise<string>((resolve) =>
    store.onStatus((status) => {
      if (status.state === "writing") return log.warn({}, "the store takes writes again");
      log.error({ ...status }, "the store takes no writes; reads go on");
      if (status.cause === "displaced") resolve(status.message);
    }),
  );

  // The port first: where it is taken, no turn may have begun.
  const open = await door
    .listen({
      host: "127.0.0.1",
      port: config.port,
      socket_path: join(home, "run", "server.sock"),
    })
    .catch(async (fault: unknown) => {
      await store.close();
      throw portFault(fault, config.port);
    });
  await notary.start();
  // Before turns go on: what they find of their edits is decided.
  await edits.start();
  await providers.start();
  config.providers.forEach(keyCheck.check);
  await discovery.start();
  await dispatch.start();
  // After it, which ends turns whose journal is damaged.
  await orphans.start();
  await expirer.start();
  await retention.start();

  async function stop(how: StopMode): Promise<void> {
    // Runs wait for commands; it is `execution.stop` that makes them let go. Whatever one part meets
    // while it stops, the data is let go of, last.
    const parts = [open.close(), execution.stop(how), dispatch.stop()];
    const actors = [
      orphans.stop(),
      expirer.stop(),
      retention.stop(),
      edits.stop(),
      discovery.stop(),
      keyCheck.stop(),
      providers.stop(),
    ];
    const ends = await Promise.allSettled([...parts, ...actors]);
    // Only who has the data may end an executor: now, or the next `mainstay stop` will.
    const late = how === "leave" && ends_commands ? [execution.stop("end")] : [];
    ends.push(...(await Promise.allSettled(late)));
    // What they wrote last is on the trail, too.
    ends.push(...(await Promise.allSettled([notary.stop(), changes.stop(), files.close()])));
    await store.close();
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }
  let ends_commands = false;
  let stopping: Promise<void> | undefined;
  return {
    url: open.url,
    incarnation: store.incarnation,
    owner_created: owner.created,
    models: providers.status,
    displaced,
    stop(how) {
      ends_commands ||= how === "end";
      return (stopping ??= stop(how));
    },
  };
}

function portFault(fault: unknown, port: number): unknown {
  if (!traceOf(fault).includes("EADDRINUSE")) return fault;
  const fix =
    "stop the program that has it, or set MAINSTAY_PORT to another port (0 takes a free one)";
  return new Error(`port ${port} is taken: ${fix}`, { cause: fault });
}
