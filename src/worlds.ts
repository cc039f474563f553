import { createCredential, databaseToken } from "./azure/credential.ts";
import { createGroups, type GroupsOptions } from "./azure/groups.ts";
import { createDevOps } from "./azure/devops.ts";
import { createPipelines, type PipelinesOptions } from "./azure/pipelines.ts";
import { createRegistry, type RegistryOptions } from "./azure/registry.ts";
import { createCluster, type ClusterOptions } from "./cluster/cluster.ts";
import { createKubeConfig } from "./cluster/connection.ts";
import type { Environment } from "./config/config.ts";
import type { Settings } from "./config/settings.ts";
import type { Clock, Groups, World } from "./deployment/ports.ts";
import { createOctokit } from "./github/client.ts";
import { readChanges, readHead } from "./github/commits.ts";
import { createGitOps, type GitOpsOptions } from "./github/gitops.ts";
import { createHealth } from "./health/health.ts";
import type { Location } from "./store/database.ts";

/**
 * What each adapter of an environment is made with. Made when it is asked for, and no sooner: each throws an Error that says
 * what is wrong with it, and is no trouble of the others.
 */
export interface Clients {
  pipelines(environment: Environment): PipelinesOptions;
  registry(environment: Environment): RegistryOptions;
  gitops(environment: Environment): GitOpsOptions;
  cluster(environment: Environment): ClusterOptions;
  groups(): GroupsOptions;
  /** Makes what all environments share. */
  shared(): void;
  /** The longest that one request may take, in milliseconds, instead of each client's own bound. */
  readonly patience: number | undefined;
}

export function createClients(
  settings: Settings,
  clock: Clock,
  patience: number | undefined,
): Clients {
  const {
    azureDevOpsToken: token,
    registry: basic,
    githubUrl: baseUrl,
    fluxReceiverToken: receiverToken,
  } = settings;
  const credential = once(() => createCredential(settings.azure));
  const octokit = once(() =>
    createOctokit({
      auth: settings.github,
      baseUrl,
      ...(patience === undefined ? {} : { timeout: patience }),
    }),
  );
  const devOps = onceFor(
    ({ organization }: Environment["build"]) => organization,
    ({ organization }) =>
      createDevOps(
        organization,
        token === undefined ? { kind: "entra", credential: credential() } : { kind: "pat", token },
        Date.now,
        patience === undefined ? undefined : { silence: patience, call: 2 * patience },
      ),
  );
  const kubeConfig = onceFor(
    ({ cluster }: Environment["flux"]) => JSON.stringify(cluster),
    ({ cluster }) => createKubeConfig(cluster, cluster.kind === "aks" ? credential() : undefined),
  );
  const hurried = patience === undefined ? {} : { patience };
  return {
    patience,
    shared() {
      credential();
      octokit();
    },
    pipelines: (environment) => ({
      environment,
      devOps: devOps(environment.build),
      github: {
        readHead: (repository, branch) => readHead(octokit(), repository, branch),
        readChanges: (repository, from, to) => readChanges(octokit(), repository, from, to),
      },
    }),
    registry: ({ image }) => ({
      image,
      ...(image.access === "entra" ? { credential: credential() } : {}),
      ...(basic === undefined ? {} : { basic }),
      ...hurried,
    }),
    groups: () => ({
      credential: credential(),
      url: settings.graphUrl,
      now: () => clock.now(),
      ...hurried,
    }),
    gitops: ({ gitops }) => ({ octokit: octokit(), gitops }),
    cluster: (environment) => ({
      kubeConfig: kubeConfig(environment.flux),
      environment,
      clock,
      ...(receiverToken === undefined ? {} : { receiverToken }),
      ...hurried,
    }),
  };
}

/** Makes the world of each environment once, when it is first asked for. A credential that cannot be used is told at once. */
export function createWorlds(
  clients: Clients,
  groups: Groups = createGroups(clients.groups()),
): (environment: Environment) => World {
  clients.shared();
  const worlds = new Map<string, World>();
  return (environment) => {
    const known = worlds.get(environment.name);
    if (known !== undefined) return known;
    const world: World = {
      pipelines: createPipelines(clients.pipelines(environment)),
      registry: createRegistry(clients.registry(environment)),
      gitops: createGitOps(clients.gitops(environment)),
      cluster: createCluster(clients.cluster(environment)),
      health: createHealth(environment.health, clients.patience),
      groups,
    };
    worlds.set(environment.name, world);
    return world;
  };
}

/** Azure Database for PostgreSQL takes omnibot's token where the URL holds no password; nobody else is shown one. */
export function ledgerOf({ ledger, azure }: Settings): Location {
  if ("file" in ledger) return ledger;
  const { hostname: host, password } = new URL(ledger.url);
  if (password !== "" || !host.endsWith(".postgres.database.azure.com")) return ledger;
  return { ...ledger, password: databaseToken(createCredential(azure)) };
}

/** Environments of one organization, or one cluster, share its client: what it has learnt, and its connections. */
function onceFor<Place, T>(
  keyOf: (place: Place) => string,
  make: (place: Place) => T,
): (place: Place) => T {
  const made = new Map<string, T>();
  return (place) => {
    const key = keyOf(place);
    const known = made.get(key);
    if (known !== undefined) return known;
    const value = make(place);
    made.set(key, value);
    return value;
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
