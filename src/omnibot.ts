import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { botToken, createBotCredential } from "./azure/credential.ts";
import { createDevOpsHook } from "./azure/hook.ts";
import { createFluxHook } from "./cluster/hook.ts";
import { createGroups } from "./azure/groups.ts";
import type { Environment } from "./config/config.ts";
import { freezeAt } from "./config/freeze.ts";
import { loadConfig } from "./config/load-config.ts";
import { secretsOf } from "./config/secrets.ts";
import type { Settings } from "./config/settings.ts";
import { createEngine } from "./deployment/engine.ts";
import { createGoingBack } from "./deployment/going-back.ts";
import { createHints, type Hook } from "./deployment/hints.ts";
import { createHistory } from "./deployment/history.ts";
import { createInterventions, type InterventionStore } from "./deployment/interventions.ts";
import { createLocks } from "./deployment/locks.ts";
import type { Ledger, Threads } from "./deployment/ledger.ts";
import type { Clock, World } from "./deployment/ports.ts";
import { createRecords } from "./deployment/records.ts";
import { createRequests } from "./deployment/requests.ts";
import { hideSecrets } from "./deployment/secrets.ts";
import { createStatus } from "./deployment/status.ts";
import { steps } from "./deployment/steps.ts";
import { createFileWatch } from "./deployment/watch-file.ts";
import { repositoryOf } from "./github/exchange.ts";
import { createGitHubHook } from "./github/hook.ts";
import { writeRecord } from "./github/record.ts";
import { createHooks } from "./http/hooks.ts";
import { createServer } from "./http/server.ts";
import { startMeasures } from "./measures.ts";
import { createChannels } from "./store/channels.ts";
import { createLedgerClock, readTime } from "./store/clock.ts";
import { readCounts } from "./store/counts.ts";
import { openDatabase } from "./store/database.ts";
import { bringForward, freeLeases, handOver } from "./store/hand-over.ts";
import { listenForHints } from "./store/hints.ts";
import { holdFile } from "./store/hold.ts";
import { createInterventionStore } from "./store/interventions.ts";
import { createLedger } from "./store/ledger.ts";
import { createLockStore } from "./store/locks.ts";
import { migrate } from "./store/migrations.ts";
import { keepSmall, type RetentionOptions } from "./store/retention.ts";
import { createThreads } from "./store/threads.ts";
import { createAdapter } from "./teams/adapter.ts";
import { createBot } from "./teams/bot.ts";
import { createConversations, type Conversations } from "./teams/conversations.ts";
import { createMessages } from "./teams/messages.ts";
import { createChannelPlace } from "./teams/channel-place.ts";
import { createThread } from "./teams/thread.ts";
import { createClients, createWorlds, ledgerOf } from "./worlds.ts";

/** How long (ms) a start waits for the process before it to end: longer than that one's shutdown may take. */
const succession = 30_000;
/** How long (ms) an end waits for what is under way before it hands that over: the platform gives it ten seconds in all. */
const drain = 7000;

/** What the loops work with. Tests put something in between, to see or to end the process at any of its calls. */
export interface Parts {
  readonly ledger: Ledger;
  readonly threads: Threads;
  readonly conversations: Conversations;
  readonly worldOf: (environment: Environment) => World;
  readonly interventions: InterventionStore;
}

/** Time, as tests shorten it, and what stands elsewhere for them. */
export interface Times {
  /** The clock of the loops, instead of the ledger's: of due rows, leases, deadlines and expiries. */
  readonly clock?: Clock;
  /** How long a row or thread is held without a sign of life, in milliseconds. */
  readonly lease?: number;
  /** How long one request to any service may take, in milliseconds, instead of each client's own bound. */
  readonly patience?: number;
  /** How long a loop sleeps at most before it looks whether something is due, in milliseconds. */
  readonly idle?: number;
  /** The clock by which rows are old, instead of the ledger's, and how often they are removed. */
  readonly pruning?: Partial<Pick<RetentionOptions, "clock" | "interval">>;
  /** Where the Bot Connector publishes its keys, instead of at Microsoft. */
  readonly openIdMetadata?: string;
}

export interface Omnibot {
  /** Where it listens. */
  readonly address: string;
  /** Takes nothing new, ends what is under way, and after seven seconds, or when told to hurry, hands over what is left. */
  stop(hurry?: AbortSignal): Promise<void>;
}

/** Puts omnibot together and starts it. Throws ConfigError when omnibot.yaml cannot be used. */
export async function startOmnibot(
  settings: Settings,
  log: Logger,
  between: (parts: Parts) => Parts = (parts) => parts,
  { clock: givenClock, patience, lease, idle, pruning = {}, openIdMetadata }: Times = {},
): Promise<Omnibot> {
  hideSecrets(secretsOf(settings));
  const config = loadConfig(
    settings.config,
    steps.map((step) => step.name),
  );
  const { environments } = config;
  const { maintenance } = settings;

  // Whatever the process before held on SQLite is free once that has ended; on PostgreSQL its leases end soon.
  const hold =
    "file" in settings.ledger
      ? await holdFile(settings.ledger.file, succession, () =>
          log.info({ seconds: succession / 1000 }, "waits for the process before it to end"),
        )
      : undefined;
  const location = ledgerOf(settings);
  const database = openDatabase(location);
  await migrate(database);
  const ledgerClock = await createLedgerClock({
    read: () => readTime(database),
    log,
    wentBack: () =>
      void bringForward(database.db, clock.now()).catch((error: unknown) =>
        log.warn({ err: error }, "what is due could not be brought forward"),
      ),
  });
  const clock = givenClock ?? ledgerClock;
  if (hold !== undefined) await freeLeases(database.db);
  await bringForward(database.db, clock.now());

  const registration = settings.bot.kind === "anonymous" ? undefined : settings.bot;
  const adapter = createAdapter({
    appId: registration?.appId,
    tenant: config.teams.tenant,
    token: registration && botToken(createBotCredential(registration, settings.azure)),
    allowAnonymous: registration === undefined,
    ...(openIdMetadata === undefined ? {} : { openIdMetadata }),
    ...(patience === undefined ? {} : { requestTimeout: patience }),
  });
  const clients = createClients(settings, clock, patience);
  const measures = await startMeasures(settings, Object.values(environments), clients, {
    steps: steps.map(({ name }) => name),
    counts: () => readCounts(database.db, clock.now()),
    clock,
  });
  const store = createLedger(database.db);
  const groups = createGroups({
    ...clients.groups(),
    failed: (error) => log.warn({ err: error }, "a group could not be looked up"),
  });
  const {
    ledger,
    threads,
    conversations,
    worldOf,
    interventions: interventionStore,
  } = between({
    ledger: measures?.watch(store) ?? store,
    threads: createThreads(database.db),
    conversations: createConversations(adapter),
    worldOf: createWorlds(clients, groups),
    interventions: createInterventionStore(database.db),
  });

  const owner = `${hostname()}-${process.pid}-${clock.now()}`;
  const times = {
    ...(lease === undefined ? {} : { lease }),
    ...(idle === undefined ? {} : { idle }),
  };
  const thread = createThread({ threads, conversations, config, clock, log, owner, ...times });
  const records = createRecords({
    ledger,
    environments: Object.values(environments).filter(({ gitops }) => gitops.records),
    write: (environment, record) => {
      const { octokit, gitops } = clients.gitops(environment);
      return writeRecord(repositoryOf(octokit, gitops.repository), record);
    },
    log,
  });
  const engine = createEngine({
    ledger,
    steps,
    environments,
    worldOf,
    clock,
    log,
    owner,
    saved: (deployment) => {
      thread.hint();
      records.saved(deployment);
    },
    ...times,
  });
  const hint = () => {
    engine.hint();
    thread.hint();
  };
  const lockStore = createLockStore(database.db);
  const frozen = ({ freeze }: Environment, now: number) =>
    freezeAt(freeze, config.teams.timeZone, now);
  const locks = createLocks({
    store: lockStore,
    environments,
    groups,
    refused: (actor, action, facts) =>
      ledger.audit({ at: clock.now(), deploymentId: undefined, actor, action, facts }),
    clock,
  });
  const interventions = createInterventions({
    store: interventionStore,
    ledger,
    environments,
    groups,
    clock,
    hint,
  });
  const asking = createRequests({
    ledger,
    locks: lockStore,
    freezeAt: frozen,
    maintenance,
    environments,
    groups,
    clock,
    hint,
  });
  const requests = {
    ...asking,
    ...createGoingBack({
      ledger,
      environments,
      groups,
      request: (asked) => asking.request(asked),
      maintenance,
      clock,
      hint,
    }),
    status: createStatus({
      ledger,
      locks: lockStore,
      freezeAt: frozen,
      maintenance,
      clock,
      environments,
      worldOf,
      log,
    }),
  };
  const channels = createChannels(database.db);
  const bot = createBot({
    config,
    requests,
    locks,
    interventions,
    history: createHistory({ clock, ledger, locks: lockStore, environments, worldOf }),
    maintenance,
    deliveries: ledger,
    threads,
    conversations,
    channels,
    clock,
    log,
  });
  const fileWatch = createFileWatch({
    ledger,
    environments,
    worldOf,
    placeOf: createChannelPlace({
      teams: config.teams,
      appId: registration?.appId,
      ...channels,
    }),
    clock,
    log,
    hint,
  });
  let ready = false;
  const server = createServer({
    messages: createMessages({
      teams: config.teams,
      adapter,
      turn: (activity, context) => bot.turn(activity, context),
      log,
    }),
    hooks: createHooks({
      hooks: hooksOf(settings),
      hear: createHints({
        ledger,
        environments,
        clock,
        hint,
        watch: (environment, at) => fileWatch.bringForward(environment, at),
      }),
      answered: measures?.hooked,
      log,
    }),
    ready: () => ready,
    maintenance: maintenance !== undefined,
    log,
  });

  const stopping = new AbortController();
  const loops = [engine.run(stopping.signal), thread.run(stopping.signal)];
  loops.push(fileWatch.run(stopping.signal));
  loops.push(records.run(stopping.signal));
  loops.push(keepSmall({ db: database.db, log, clock, ...pruning }, stopping.signal));
  // Only with PostgreSQL there are others to agree with, and to hear.
  if ("url" in location) {
    loops.push(ledgerClock.run(stopping.signal));
    loops.push(listenForHints({ server: location, hint, log }, stopping.signal));
  }
  const address = await server.start(settings.port, settings.host);
  ready = true;
  const facts = { address, metrics: measures?.address, environments: Object.keys(environments) };
  log.info(facts, "omnibot is ready");

  return {
    address,
    async stop(hurry) {
      ready = false;
      stopping.abort();
      const drained = server.stop().then(() => bot.settled());
      const enough = delay(drain, undefined, { signal: hurry }).catch(() => {});
      await Promise.race([Promise.all([drained, ...loops]), enough]);
      await handOver(database.db, owner, clock.now()).catch((error: unknown) =>
        log.warn({ err: error }, "what is under way could not be handed over; its leases end"),
      );
      await Promise.race([database.db.destroy(), delay(1000)]);
      await measures?.close();
      hold?.release();
    },
  };
}

/** Who may tell omnibot that something has changed. */
function hooksOf({ hookSecrets }: Settings): ReadonlyMap<string, Hook> {
  const { azureDevOps, github, flux } = hookSecrets;
  const hooks = new Map<string, Hook>();
  if (azureDevOps !== undefined) hooks.set("azure-devops", createDevOpsHook(azureDevOps));
  if (github !== undefined) hooks.set("github", createGitHubHook(github));
  if (flux !== undefined) hooks.set("flux", createFluxHook(flux));
  return hooks;
}
