import { hostname } from "node:os";
import type { Logger } from "pino";
import { createCredential } from "./azure/credential.ts";
import { createPipelines } from "./azure/pipelines.ts";
import { createRegistry } from "./azure/registry.ts";
import { createCluster } from "./cluster/cluster.ts";
import { createKubeConfig } from "./cluster/connection.ts";
import type { Environment } from "./config/config.ts";
import { ConfigError, loadConfig } from "./config/load-config.ts";
import { loadSettings } from "./config/load-settings.ts";
import type { Settings } from "./config/settings.ts";
import { createEngine } from "./deployment/engine.ts";
import type { World } from "./deployment/ports.ts";
import { createRequests } from "./deployment/requests.ts";
import { createStatus } from "./deployment/status.ts";
import { steps } from "./deployment/steps.ts";
import { createOctokit } from "./github/client.ts";
import { readHead } from "./github/commits.ts";
import { createGitOps } from "./github/gitops.ts";
import { createHealth } from "./health/health.ts";
import { createServer } from "./http/server.ts";
import { createLog } from "./log.ts";
import { openDatabase } from "./store/database.ts";
import { freeLeases, holdFile } from "./store/hold.ts";
import { createLedger } from "./store/ledger.ts";
import { migrate } from "./store/migrations.ts";
import { createThreads } from "./store/threads.ts";
import { createAdapter } from "./teams/adapter.ts";
import { createBot } from "./teams/bot.ts";
import { createConversations } from "./teams/conversations.ts";
import { createMessages } from "./teams/messages.ts";
import { createThread } from "./teams/thread.ts";

/** A shutdown that takes longer than this (ms) is cut short: the next start carries on anyway. */
const patience = 10_000;
/** How long (ms) a start waits for the process before it to end: longer than that one's shutdown may take. */
const succession = 30_000;

try {
  await run(loadSettings(process.env));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function run(settings: Settings): Promise<void> {
  const config = loadConfig(
    settings.config,
    steps.map((step) => step.name),
  );
  const log = createLog(settings.logLevel);
  // By itself Node prints an error with all that hangs on it: with some SDKs, the whole request and its tokens.
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "omnibot ends by a bug, or cannot start");
    process.exit(1);
  });
  const clock = Date;
  const { environments } = config;

  // Whatever the process before held on SQLite is free once that has ended; on PostgreSQL its leases end soon.
  const hold =
    "file" in settings.ledger ? await holdFile(settings.ledger.file, succession) : undefined;
  const database = openDatabase(settings.ledger);
  await migrate(database);
  if (hold !== undefined) await freeLeases(database.db);
  const ledger = createLedger(database.db);

  const worldOf = createWorlds(settings);
  const adapter = createAdapter({
    appId: settings.bot.kind === "anonymous" ? undefined : settings.bot.appId,
    tenant: config.teams.tenant,
    credentials: settings.bot.kind === "anonymous" ? undefined : settings.bot,
    allowAnonymous: settings.bot.kind === "anonymous",
  });
  const conversations = createConversations(adapter);
  const thread = createThread({
    threads: createThreads(database.db),
    conversations,
    config,
    clock,
    log,
  });
  const engine = createEngine({
    ledger,
    steps,
    environments,
    worldOf,
    clock,
    log,
    owner: `${hostname()}-${process.pid}-${clock.now()}`,
    saved: () => thread.hint(),
  });

  const hint = () => {
    engine.hint();
    thread.hint();
  };
  const requests = {
    ...createRequests({ ledger, environments, clock, hint }),
    status: createStatus({ ledger, environments, worldOf }),
  };
  const bot = createBot({ config, requests, deliveries: ledger, conversations, clock, log });
  let ready = false;
  const server = createServer({
    messages: createMessages({
      teams: config.teams,
      adapter,
      turn: (activity, context) => bot.turn(activity, context),
      log,
    }),
    ready: () => ready,
    log,
  });

  const stop = new AbortController();
  const loops = [engine.run(stop.signal), thread.run(stop.signal)];
  const address = await server.start(settings.port, settings.host);
  ready = true;
  log.info({ address, environments: Object.keys(environments) }, "omnibot is ready");

  const signal = await terminated();
  log.info({ signal }, "omnibot stops");
  ready = false;
  stop.abort();
  exitAfter(patience, log);
  await server.stop();
  await bot.settled();
  await Promise.all(loops);
  await database.db.destroy();
  hold?.release();
  log.info({}, "omnibot has stopped");
  process.exit(0);
}

/** Makes the clients of each environment once, when it is first asked for. */
function createWorlds(settings: Settings): (environment: Environment) => World {
  const credential = createCredential(settings.azure);
  const {
    azureDevOpsToken: token,
    registry: basic,
    githubUrl: baseUrl,
    fluxReceiverToken: receiverToken,
  } = settings;
  const octokit = createOctokit({ auth: settings.github, baseUrl });
  const worlds = new Map<string, World>();

  return (environment) => {
    const known = worlds.get(environment.name);
    if (known !== undefined) return known;
    const world: World = {
      pipelines: createPipelines({
        environment,
        auth: token === undefined ? { kind: "entra", credential } : { kind: "pat", token },
        githubHead: (repository, branch) => readHead(octokit, repository, branch),
      }),
      registry: createRegistry({
        image: environment.image,
        credential,
        ...(basic === undefined ? {} : { basic }),
      }),
      gitops: createGitOps({ octokit, gitops: environment.gitops }),
      cluster: createCluster({
        kubeConfig: createKubeConfig(environment.flux.cluster, credential),
        environment,
        clock: Date,
        ...(receiverToken === undefined ? {} : { receiverToken }),
      }),
      health: createHealth(environment.health),
    };
    worlds.set(environment.name, world);
    return world;
  };
}

function terminated(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const)
      process.once(signal, () => resolve(signal));
  });
}

function exitAfter(time: number, log: Logger): void {
  const timer = setTimeout(() => {
    log.warn({}, "omnibot stops with work in hand; the next start carries on");
    process.exit(0);
  }, time);
  timer.unref();
}
