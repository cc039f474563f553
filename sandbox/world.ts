import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { startApp, type App } from "./app/app.ts";
import { startAzureDevOps, type AzureDevOps } from "./azure-devops/azure-devops.ts";
import { startAlert } from "./flux/alert.ts";
import { startFlux, type Flux } from "./flux/flux.ts";
import { sandboxToken, startGitHub, type GitHub } from "./github/github.ts";
import { Outbox } from "./hooks/outbox.ts";
import { startGraph, type Graph } from "./graph/graph.ts";
import { startIdentity, type Identity } from "./identity/identity.ts";
import type { AccessOptions } from "./kubernetes/access.ts";
import { parseImage } from "./kubernetes/images.ts";
import { startKubernetes, writeKubeconfig, type Kubernetes } from "./kubernetes/kubernetes.ts";
import { alex, approvers, channel, tenantId } from "./people.ts";
import { startRegistry, type Registry } from "./registry/registry.ts";
import { isScenario, type Scenario } from "./scenario.ts";
import { StandIn } from "./stand-in.ts";

export interface WorldOptions {
  /** Everything that is kept lies in this folder; it is emptied first. */
  readonly folder: string;
  /** Divides all durations; at 1 a deployment takes about a minute. */
  readonly speed: number;
  readonly scenario?: Scenario;
  /** Production, and with it any of `staging` and `testing`; production alone by default. */
  readonly environments?: readonly string[];
  /** What omnibot may do in the cluster; everything by default. */
  readonly authorize?: AccessOptions["authorize"];
  /** false: Flux without its feature gate CancelHealthCheckOnNewRevision, as it comes. */
  readonly cancelOnNewRevision?: boolean;
  /** How many times longer Helm waits than its release says: for suites at high speed. */
  readonly helmPatience?: number;
  /** How long a new run is missing from the list of runs, in milliseconds. */
  readonly listLag?: number;
  /** One that is there already, and stays when this world is closed. */
  readonly identity?: Identity;
  /** false: GitHub without the asynchronous merge, as on GitHub Enterprise Server. */
  readonly mergeAsync?: boolean;
}

/** Everything that omnibot talks to but Teams, on loopback. */
export interface World {
  readonly identity: Identity;
  readonly registry: Registry;
  readonly azureDevOps: AzureDevOps;
  readonly github: GitHub;
  readonly kubernetes: Kubernetes;
  readonly flux: Flux;
  readonly app: App;
  readonly graph: Graph;
  /** Where the scenario is read and chosen: `GET` and `POST /scenario`. */
  readonly control: StandIn;
  /** What the services tell omnibot by themselves, once `hooks.to(…)` says where it is. */
  readonly hooks: Outbox;
  readonly scenario: Scenario;
  choose(scenario: Scenario): void;
  /** The environment variables with which omnibot works in this world. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export const imageRepository = "omnispatial/web";

/** What the services show or sign with when they tell omnibot of a change. */
export const hookSecrets = {
  azureDevOps: "sandbox-azure-devops-hook",
  github: "sandbox-github-hook-secret",
  flux: "sandbox-flux-hook-secret",
};

/** Starts every stand-in, in a state in which production-40655 is live, and writes omnibot's configuration for them. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const folder = resolve(options.folder);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { speed, environments = ["production"] } = options;
  let scenario: Scenario = options.scenario ?? "success";
  const choose = (chosen: Scenario) => void (scenario = chosen);

  const identity = options.identity ?? (await startIdentity());
  const registry = await startRegistry({ identity });
  const hooks = new Outbox();
  const azureDevOps = await startAzureDevOps({
    speed,
    identity,
    scenario: () => scenario,
    push: (tag, content) => void registry.push(imageRepository, tag, content),
    listLag: options.listLag,
    hook: { outbox: hooks, secret: hookSecrets.azureDevOps },
  });
  for (const { tag, commit } of azureDevOps.earlierBuilds) {
    for (const name of environments)
      registry.push(imageRepository, tag.replace("production", name), {
        scenario: "success",
        commit,
      });
  }
  const github = await startGitHub({
    folder,
    token: sandboxToken,
    speed,
    hook: { outbox: hooks, secret: hookSecrets.github },
    environments: environments.filter((name) => name !== "production"),
    ...(options.mergeAsync === undefined ? {} : { mergeAsync: options.mergeAsync }),
  });
  const kubernetes = await startKubernetes({
    speed,
    ...(options.authorize === undefined ? {} : { authorize: options.authorize }),
    image: (reference) => {
      const { repository, tag } = parseImage(reference);
      return registry.describe(repository, tag);
    },
  });
  // With Flux's feature gate, so that a rollback need not wait for the failing upgrade's time-outs.
  const flux = await startFlux({
    kubernetes,
    gitDir: github.gitDir,
    cancelOnNewRevision: options.cancelOnNewRevision ?? true,
    helmPatience: options.helmPatience ?? 1,
  });
  startAlert(kubernetes, hooks, hookSecrets.flux);
  const app = await startApp({ kubernetes });
  const apps = new Map([["production", app]]);
  for (const name of environments) {
    if (!apps.has(name))
      apps.set(name, await startApp({ kubernetes, namespace: `omnispatial-${name}` }));
  }
  const graph = await startGraph({ identity });
  const control = await startControl(() => scenario, choose);

  const kubeconfig = join(folder, "kubeconfig");
  await writeKubeconfig(kubeconfig, kubernetes.url);
  const config = join(folder, "omnibot.yaml");
  writeFileSync(config, stringify(configuration(azureDevOps, registry, apps, speed)));

  const parts = [
    ...apps.values(),
    flux,
    kubernetes,
    github,
    azureDevOps,
    registry,
    graph,
    ...(options.identity === undefined ? [identity] : []),
    control,
  ];
  return {
    identity,
    registry,
    azureDevOps,
    github,
    kubernetes,
    flux,
    app,
    graph,
    control,
    hooks,
    get scenario() {
      return scenario;
    },
    choose,
    environment: {
      OMNIBOT_CONFIG: config,
      OMNIBOT_DATA: join(folder, "data"),
      OMNIBOT_SANDBOX: "1",
      IDENTITY_ENDPOINT: identity.endpoint,
      IDENTITY_HEADER: identity.header,
      GITHUB_TOKEN: sandboxToken,
      GITHUB_API_URL: github.url,
      GRAPH_API_URL: graph.url,
      KUBECONFIG: kubeconfig,
      AZURE_DEVOPS_HOOK_SECRET: hookSecrets.azureDevOps,
      GITHUB_HOOK_SECRET: hookSecrets.github,
      FLUX_HOOK_SECRET: hookSecrets.flux,
    },
    async close() {
      hooks.to(undefined);
      for (const part of parts) await part.close();
    },
  };
}

function configuration(
  azureDevOps: AzureDevOps,
  registry: Registry,
  apps: ReadonlyMap<string, App>,
  speed: number,
): object {
  const environment = (name: string, app: App) => ({
    build: {
      organization: azureDevOps.url,
      project: "OmniSpatial",
      pipeline: 12,
      branch: "main",
    },
    image: { registry: `http://${registry.host}`, repository: imageRepository },
    gitops: {
      repository: "omnispatial/gitops",
      file: `clusters/operations/${name}/helm-release.yaml`,
    },
    flux: { cluster: { kubeconfig: { context: "sandbox" } }, poke: "annotation" },
    // Alex may approve what others ask for, and still not what Alex asks for.
    approval: { approvers: [alex, ...approvers].map((one) => one.aadObjectId) },
    rollout: { soak: `${Math.max(1, Math.round(10 / speed))}s` },
    health: [{ name: "web", url: `${app.url}/healthz`, version: "version" }],
  });
  return {
    teams: { tenant: tenantId, channels: [channel.id] },
    environments: Object.fromEntries(
      [...apps].map(([name, app]) => [name, environment(name, app)]),
    ),
  };
}

async function startControl(
  scenario: () => Scenario,
  choose: (scenario: Scenario) => void,
): Promise<StandIn> {
  const control = new StandIn("control");
  control.route("GET", "/scenario", () => ({ status: 200, json: { scenario: scenario() } }));
  control.route("POST", "/scenario", (request) => {
    const body = request.json();
    const word =
      typeof body === "object" && body !== null && "scenario" in body ? String(body.scenario) : "";
    if (!isScenario(word))
      return { status: 400, json: { message: `there is no scenario "${word}"` } };
    choose(word);
    return { status: 204 };
  });
  await control.listen();
  return control;
}
