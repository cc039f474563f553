import { hostname } from "node:os";
import type { Logger } from "pino";
import { createCredential } from "./azure/credential.ts";
import { createPipelines } from "./azure/pipelines.ts";
import { createRegistry } from "./azure/registry.ts";
import { createCluster } from "./cluster/cluster.ts";
import { createKubeConfig } from "./cluster/connection.ts";
import type { Environment } from "./config/config.ts";
import { loadConfig } from "./config/load-config.ts";
import type { Settings } from "./config/settings.ts";
import { createEngine } from "./deployment/engine.ts";
import type { Ledger, Threads } from "./deployment/ledger.ts";
import type { World } from "./deployment/ports.ts";
import { createRequests } from "./deployment/requests.ts";
import { createStatus } from "./deployment/status.ts";
import { steps } from "./deployment/steps.ts";
import { createOctokit } from "./github/client.ts";
import { readHead } from "./github/commits.ts";
import { createGitOps } from "./github/gitops.ts";
import { createHealth } from "./health/health.ts";
import { createServer } from "./http/server.ts";
import { openDatabase } from "./store/database.ts";
import { freeLeases, holdFile } from "./store/hold.ts";
import { createLedger } from "./store/ledger.ts";
import { migrate } from "./store/migrations.ts";
import { createThreads } from "./store/threads.ts";
import { createAdapter } from "./teams/adapter.ts";
import { createBot } from "./teams/bot.ts";
import { createConversations, type Conversations } from "./teams/conversations.ts";
import { createMessages } from "./teams/messages.ts";
import { createThread } from "./teams/thread.ts";

/** How long (ms) a start waits for the process before it to end: longer than that one's shutdown may take. */
const succession = 30_000;

/** What the loops work with. Tests put something in between, to see or to end the process at any of its calls. */
export interface Parts {
  readonly ledger: Ledger;
  readonly threads: Threads;
  readonly conversations: Conversations;
  readonly worldOf: (environment: Environment) => World;
}

export interface Omnibot {
  /** Where it listens. */
  readonly address: string;
  /** Takes nothing new, and ends what is under way. */
  stop(): Promise<void>;
}

/** Puts omnibot together and starts it. Throws ConfigError when omnibot.yaml cannot be used. */
export async function startOmnibot(
  settings: Settings,
  log: Logger,
  between: (parts: Parts) => Parts = (parts) => parts,
): Promise<Omnibot> {
  const config = loadConfig(
    settings.config,
    steps.map((step) => step.name),
  );
  const clock = Date;
  const { environments } = config;

  // Whatever the process before held on SQLite is free once that has ended; on PostgreSQL its leases end soon.
  const hold =
    "file" in settings.ledger ? await holdFile(settings.ledger.file, succession) : undefined;
  const database = openDatabase(settings.ledger);
  await migrate(database);
  if (hold !== undefined) await freeLeases(database.db);

  const adapter = createAdapter({
    appId: settings.bot.kind === "anonymous" ? undefined : settings.bot.appId,
    tenant: config.teams.tenant,
    credentials: settings.bot.kind === "anonymous" ? undefined : settings.bot,
    allowAnonymous: settings.bot.kind === "anonymous",
  });
  const { ledger, threads, conversations, worldOf } = between({
    ledger: createLedger(database.db),
    threads: createThreads(database.db),
    conversations: createConversations(adapter),
    worldOf: createWorlds(settings),
  });

  const thread = createThread({ threads, conversations, config, clock, log });
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

  const stopping = new AbortController();
  const loops = [engine.run(stopping.signal), thread.run(stopping.signal)];
  const address = await server.start(settings.port, settings.host);
  ready = true;
  log.info({ address, environments: Object.keys(environments) }, "omnibot is ready");

  return {
    address,
    async stop() {
      ready = false;
      stopping.abort();
      await server.stop();
      await bot.settled();
      await Promise.all(loops);
      await database.db.destroy();
      hold?.release();
    },
  };
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
