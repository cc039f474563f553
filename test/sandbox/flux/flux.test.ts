import { createHmac } from "node:crypto";
import { CustomObjectsApi, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { startFlux, type Flux, type FluxOptions } from "../../../sandbox/flux/flux.ts";
import type { Kubernetes } from "../../../sandbox/kubernetes/kubernetes.ts";
import type {
  FluxObject,
  HelmRelease,
  Kustomization,
} from "../../../sandbox/kubernetes/objects.ts";
import {
  connect,
  name,
  namespace,
  startCluster,
  until,
  watch,
  type Images,
  type Seen,
} from "../kubernetes/cluster.ts";
import { createGitOps, helmRelease, type GitOps } from "./gitops.ts";

const images: Images = {
  "production-40641": "success",
  "production-40655": "success",
  "production-40672": "success",
  "production-40673": "image-cannot-be-pulled",
};
const live = "production-40655";

let cluster: Kubernetes;
let gitops: GitOps;
let flux: Flux | undefined;

afterEach(async () => {
  await flux?.close();
  flux = undefined;
  await cluster.close();
  await gitops.remove();
});

interface Start {
  readonly speed?: number;
  readonly spec?: string;
  readonly options?: Partial<FluxOptions>;
  readonly before?: (repository: GitOps) => Promise<unknown>;
}

/** The interval is long: nothing happens unless somebody asks for it. */
async function start({ speed = 50, spec = "", options = {}, before }: Start = {}): Promise<Flux> {
  cluster = await startCluster(images, { speed });
  gitops = await createGitOps(live, spec);
  await before?.(gitops);
  flux = await startFlux({ kubernetes: cluster, gitDir: gitops.dir, interval: "10h", ...options });
  return flux;
}

function release(): HelmRelease | undefined {
  return cluster.store.get("helmreleases", namespace, name);
}

function sync(): Kustomization | undefined {
  return cluster.store.get("kustomizations", "flux-system", "operations");
}

function condition(object: FluxObject | undefined, type: string) {
  return object?.status.conditions?.find((one) => one.type === type);
}

async function poke(token = new Date().toISOString()): Promise<void> {
  const api = (await connect(cluster.url)).makeApiClient(CustomObjectsApi);
  await api.patchNamespacedCustomObject(
    {
      group: "source.toolkit.fluxcd.io",
      version: "v1",
      plural: "gitrepositories",
      namespace: "flux-system",
      name: "gitops",
      body: { metadata: { annotations: { "reconcile.fluxcd.io/requestedAt": token } } },
      fieldManager: "omnibot",
    },
    setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
  );
}

/** Several times as long as what does not happen would take at most. */
async function passMoments(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 80));
}

test("the cluster begins as the repository says, healthy, with the releases before", async () => {
  cluster = await startCluster(images);
  gitops = await createGitOps("production-40641");
  const head = await gitops.push({ "helm-release.yaml": helmRelease(live) });
  flux = await startFlux({ kubernetes: cluster, gitDir: gitops.dir, interval: "10h" });
  const revision = `main@sha1:${head}`;
  expect(
    cluster.store.get("gitrepositories", "flux-system", "gitops")?.status.artifact?.revision,
  ).toBe(revision);
  expect(sync()?.status).toMatchObject({
    lastAppliedRevision: revision,
    lastAttemptedRevision: revision,
    observedGeneration: 1,
  });
  expect(release()).toMatchObject({
    metadata: { generation: 2, labels: { "kustomize.toolkit.fluxcd.io/name": "operations" } },
    spec: { values: { image: { tag: live } } },
    status: {
      observedGeneration: 2,
      history: [
        { status: "deployed", action: "upgrade", version: 2 },
        { status: "superseded", version: 1 },
      ],
    },
  });
  expect(release()?.status.history?.[0]?.configDigest).toBe(
    release()?.status.lastAttemptedConfigDigest,
  );
  const pods = cluster.store.list("pods", namespace);
  expect(pods.map(({ spec }) => spec.containers[0]?.image.split(":")[1])).toEqual([
    live,
    live,
    live,
  ]);
});

test("a commit that changes the tag is applied and released in the order of real Flux", async () => {
  await start();
  const config = await connect(cluster.url);
  const seen: Seen[] = [];
  const query = { resourceVersion: String(cluster.store.version) };
  const paths = [
    "/apis/source.toolkit.fluxcd.io/v1/gitrepositories",
    "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations",
    "/apis/helm.toolkit.fluxcd.io/v2/helmreleases",
  ];
  const watches = await Promise.all(
    paths.map((path) => watch(config, path, query, (one) => seen.push(one))),
  );
  const before = release();
  const head = await gitops.push({ "helm-release.yaml": helmRelease("production-40672") });
  await poke();
  await until(cluster, () => sync()?.status.lastAppliedRevision === `main@sha1:${head}`);
  while (
    !seen.some(
      ({ object }) =>
        Number(object.metadata.resourceVersion) >= Number(sync()?.metadata.resourceVersion),
    )
  ) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const one of watches) one.stop();
  const story = seen
    .toSorted(
      (a, b) =>
        Number(a.object.metadata.resourceVersion) - Number(b.object.metadata.resourceVersion),
    )
    .map(({ object }) => describe(object as FluxObject, `main@sha1:${head}`));
  expect(story.filter((line, i) => line !== story[i - 1])).toEqual([
    "GitRepository old Ready=True",
    "GitRepository old Ready=Unknown ArtifactOutdated Reconciling",
    "GitRepository new Ready=True",
    'Kustomization Ready=Unknown Reconciling "Fetching manifests"',
    'Kustomization Ready=Unknown Reconciling "Building manifests" attempted',
    'Kustomization Ready=Unknown Reconciling "Detecting drift" attempted',
    "HelmRelease generation+1 Ready=True old",
    'Kustomization Ready=Unknown Reconciling "Running health checks" attempted',
    'HelmRelease generation+1 Ready=True old Reconciling "Fulfilling prerequisites"',
    "HelmRelease generation+1 Ready=Unknown new Reconciling \"Running 'upgrade' action with timeout of 5m0s\"",
    "HelmRelease generation+1 Ready=True new observed",
    'Kustomization Ready=Unknown Reconciling "Running health checks" attempted',
    "Kustomization Ready=True attempted applied",
  ]);
  expect(release()?.metadata.generation).toBe((before?.metadata.generation ?? 0) + 1);
  const [newest, previous] = release()?.status.history ?? [];
  expect(newest).toMatchObject({ version: 2, status: "deployed", action: "upgrade" });
  expect(newest?.configDigest).toBe(release()?.status.lastAttemptedConfigDigest);
  expect(previous).toMatchObject({ version: 1, status: "superseded" });

  function describe(object: FluxObject, revision: string): string {
    const ready = condition(object, "Ready");
    const reconciling = condition(object, "Reconciling");
    const words = [object.kind];
    const { status } = object as Kustomization & HelmRelease;
    if (object.kind === "GitRepository") {
      const { artifact } = object.status as { artifact?: { revision: string } };
      words.push(artifact?.revision === revision ? "new" : "old");
    }
    if (object.kind === "HelmRelease")
      words.push(object.metadata.generation === 2 ? "generation+1" : "generation");
    words.push(`Ready=${ready?.status}`);
    if (object.kind === "HelmRelease") words.push(ready?.observedGeneration === 2 ? "new" : "old");
    if (condition(object, "ArtifactOutdated") !== undefined) words.push("ArtifactOutdated");
    if (reconciling !== undefined) words.push("Reconciling");
    if (reconciling !== undefined && object.kind !== "GitRepository") {
      words.push(`"${reconciling.message.replace(/ for revision .*/, "")}"`);
    }
    if (object.kind === "HelmRelease" && status.observedGeneration === 2) words.push("observed");
    if (object.kind === "Kustomization" && status.lastAttemptedRevision === revision)
      words.push("attempted");
    if (object.kind === "Kustomization" && status.lastAppliedRevision === revision)
      words.push("applied");
    return words.join(" ");
  }
});

test("a poke is marked as handled, and leaves the generation", async () => {
  await start();
  await poke("2026-11-25T10:00:00.123456789Z");
  const source = () => cluster.store.get("gitrepositories", "flux-system", "gitops");
  await until(
    cluster,
    () => source()?.status.lastHandledReconcileAt === "2026-11-25T10:00:00.123456789Z",
  );
  expect(source()?.metadata.generation).toBe(1);
});

test("without a poke the commit is found at the interval", async () => {
  await start({ options: { interval: "10s" } });
  await gitops.push({ "helm-release.yaml": helmRelease("production-40672") });
  await until(cluster, () => release()?.status.history?.[0]?.version === 2);
  expect(condition(release(), "Ready")?.status).toBe("True");
});

test("the Receiver asks for a look when the signature fits, and refuses it otherwise", async () => {
  const { receiverUrl } = await start({ options: { receiverToken: "secret" } });
  const body = '{"commit":"abc"}';
  const post = async (url: string, signature: string) =>
    (await fetch(url, { method: "POST", body, headers: { "x-signature": signature } })).status;
  const sign = (key: string, algorithm = "sha256") =>
    `${algorithm}=${createHmac(algorithm, key).update(body).digest("hex")}`;
  expect(await post(receiverUrl, sign("wrong"))).toBe(400);
  expect(await post(receiverUrl, "")).toBe(400);
  expect(await post(`${receiverUrl}0`, sign("secret"))).toBe(404);
  const source = () => cluster.store.get("gitrepositories", "flux-system", "gitops");
  expect(source()?.metadata.annotations).toBeUndefined();
  expect(await post(receiverUrl, sign("secret"))).toBe(200);
  await until(cluster, () => source()?.status.lastHandledReconcileAt !== undefined);
});

test("an upgrade that never gets ready fails at its timeout, and stalls where nothing remedies it", async () => {
  await start({ speed: 400 });
  await gitops.push({ "helm-release.yaml": helmRelease("production-40673") });
  await poke();
  await until(cluster, () => condition(release(), "Stalled") !== undefined);
  await until(cluster, () => condition(sync(), "Ready")?.reason === "HealthCheckFailed");
  expect(condition(release(), "Released")).toMatchObject({
    status: "False",
    reason: "UpgradeFailed",
  });
  expect(condition(release(), "Released")?.message).toContain(
    "timeout waiting for: [Deployment/omnispatial/omnispatial-web status: 'InProgress']",
  );
  expect(condition(release(), "Ready")).toMatchObject({ status: "False", reason: "UpgradeFailed" });
  expect(condition(release(), "Stalled")).toMatchObject({
    status: "True",
    reason: "RetriesExceeded",
  });
  expect(release()?.status).toMatchObject({
    observedGeneration: 2,
    upgradeFailures: 1,
    history: [
      { version: 2, status: "failed" },
      { version: 1, status: "deployed" },
    ],
  });
  expect(sync()?.status.lastAppliedRevision).not.toBe(sync()?.status.lastAttemptedRevision);
  expect(condition(sync(), "Reconciling")?.reason).toBe("ProgressingWithRetry");

  // On a busy machine the good one may take a while.
  const patient = helmRelease("production-40672", "  timeout: 1h\n");
  await gitops.push({ "helm-release.yaml": patient });
  await poke();
  await until(
    cluster,
    () => sync()?.status.lastAppliedRevision === sync()?.status.lastAttemptedRevision,
  );
  expect(condition(release(), "Stalled")).toBeUndefined();
  expect(release()?.status.history?.[0]).toMatchObject({ version: 3, status: "deployed" });
});

test("with remediation the failed upgrade is rolled back, and its cause stays in Released", async () => {
  const spec = "  upgrade:\n    remediation:\n      retries: 1\n";
  await start({ speed: 1000, spec });
  await gitops.push({ "helm-release.yaml": helmRelease("production-40673", spec) });
  await poke();
  await until(cluster, () => condition(release(), "Stalled")?.reason === "RetriesExceeded");
  expect(condition(release(), "Ready")).toMatchObject({
    status: "False",
    reason: "RollbackSucceeded",
  });
  expect(condition(release(), "Remediated")).toMatchObject({ status: "True" });
  expect(condition(release(), "Released")).toMatchObject({
    status: "False",
    reason: "UpgradeFailed",
  });
  expect(release()?.status.history?.map(({ action, status }) => `${action} ${status}`)).toEqual([
    "rollback deployed",
    "upgrade failed",
    "rollback superseded",
    "upgrade failed",
    "install superseded",
  ]);
  const deployment = cluster.store.get("deployments", namespace, name);
  expect(deployment?.spec.template.spec.containers[0]?.image).toContain(live);
});

test("a fix overtakes a failing upgrade where Flux may cancel its health checks", async () => {
  await start({ speed: 200, options: { cancelOnNewRevision: true } });
  await gitops.push({ "helm-release.yaml": helmRelease("production-40673") });
  await poke();
  await until(cluster, () => condition(release(), "Ready")?.status === "Unknown");
  await gitops.push({ "helm-release.yaml": helmRelease("production-40672") });
  await poke();
  await until(cluster, () => release()?.status.history?.[0]?.version === 3);
  expect(release()?.status.history).toMatchObject([
    { version: 3, status: "deployed" },
    { version: 2, status: "failed" },
    { version: 1, status: "superseded" },
  ]);
  expect(condition(release(), "Stalled")).toBeUndefined();
  expect(release()?.status.upgradeFailures).toBeUndefined();
});

test("YAML that cannot be read fails the build and leaves the release alone", async () => {
  await start();
  const head = await gitops.push({ "helm-release.yaml": 'spec:\n  values: "no end\n' });
  await poke();
  await until(cluster, () => condition(sync(), "Ready")?.reason === "BuildFailed");
  expect(sync()?.status.lastAttemptedRevision).toBe(`main@sha1:${head}`);
  expect(condition(sync(), "Ready")?.message).toContain("MalformedYAMLError");
  expect(release()?.metadata.generation).toBe(1);
});

test("a HelmRelease that the API server would refuse fails the apply", async () => {
  await start();
  await gitops.push({
    "helm-release.yaml": helmRelease("production-40672").replace("  interval: 15m\n", ""),
  });
  await poke();
  await until(cluster, () => condition(sync(), "Ready")?.reason === "ReconciliationFailed");
  expect(condition(sync(), "Ready")?.message).toContain("spec.interval: Required value");
});

test("a change that leaves the values equal is observed without a new release", async () => {
  await start();
  await gitops.push({ "helm-release.yaml": helmRelease(live).replace("15m", "20m") });
  await poke();
  await until(cluster, () => release()?.status.observedGeneration === 2);
  expect(condition(release(), "Ready")).toMatchObject({ status: "True", observedGeneration: 2 });
  expect(release()?.status.history).toHaveLength(1);
});

test.each([
  ["GitRepository", "gitrepositories", "flux-system", "gitops"],
  ["Kustomization", "kustomizations", "flux-system", "operations"],
  ["HelmRelease", "helmreleases", namespace, name],
] as const)("a suspended %s stays as it is", async (_kind, plural, where, which) => {
  await start({ options: { interval: "1s" } });
  cluster.store.update(
    plural,
    where,
    which,
    (draft: { spec: { suspend?: boolean } }) => void (draft.spec.suspend = true),
  );
  const status = cluster.store.get(plural, where, which)?.status;
  const head = await gitops.push({ "helm-release.yaml": helmRelease("production-40672") });
  const fetched = () =>
    cluster.store.get("gitrepositories", "flux-system", "gitops")?.status.artifact?.revision;
  if (plural === "gitrepositories") await passMoments();
  else await until(cluster, () => fetched() === `main@sha1:${head}`);
  if (plural === "helmreleases") await until(cluster, () => release()?.metadata.generation === 3);
  await passMoments();
  expect(cluster.store.get(plural, where, which)?.status).toEqual(status);
  expect(release()?.status.history).toHaveLength(1);
});

test("a repository that cannot be read is a failed fetch, with the revision of before", async () => {
  await start();
  const revision = cluster.store.get("gitrepositories", "flux-system", "gitops")?.status.artifact
    ?.revision;
  await gitops.remove();
  await poke();
  const source = () => cluster.store.get("gitrepositories", "flux-system", "gitops");
  await until(cluster, () => condition(source(), "FetchFailed")?.status === "True");
  expect(condition(source(), "Ready")).toMatchObject({
    status: "False",
    reason: "GitOperationFailed",
  });
  expect(source()?.status.artifact?.revision).toBe(revision);
});

test("a head whose image does not run is left to Flux, which says so", async () => {
  await start({
    speed: 1000,
    before: (repository) =>
      repository.push({ "helm-release.yaml": helmRelease("production-40673") }),
  });
  await until(cluster, () => condition(release(), "Released")?.reason === "UpgradeFailed");
  expect(release()?.status.history?.[1]).toMatchObject({ status: "deployed" });
});

test("a controller without a replica does nothing, and goes on when it has one again", async () => {
  await start();
  const scale = (replicas: number) =>
    cluster.store.update("deployments", "flux-system", "kustomize-controller", ({ spec }) => {
      spec.replicas = replicas;
    });
  scale(0);
  const pods = () =>
    cluster.store.list("pods", "flux-system").map(({ metadata }) => metadata.labels?.["app"]);
  await until(cluster, () => pods().length === 2);
  expect(pods()).not.toContain("kustomize-controller");
  const head = await gitops.push({ "helm-release.yaml": helmRelease("production-40672") });
  await poke();
  const source = () => cluster.store.get("gitrepositories", "flux-system", "gitops");
  await until(cluster, () => source()?.status.artifact?.revision === `main@sha1:${head}`);
  expect(sync()?.status.lastAttemptedRevision).not.toBe(`main@sha1:${head}`);
  scale(1);
  await until(cluster, () => sync()?.status.lastAttemptedRevision === `main@sha1:${head}`);
});

test("what a controller fails at stands in its log, as controller-runtime writes it", async () => {
  await start();
  await gitops.push({ "helm-release.yaml": 'spec:\n  values: "no end\n' });
  await poke();
  await until(cluster, () => condition(sync(), "Ready")?.reason === "BuildFailed");
  const pod = cluster.store
    .list("pods", "flux-system")
    .find(({ metadata }) => metadata.labels?.["app"] === "kustomize-controller");
  const path = `/api/v1/namespaces/flux-system/pods/${pod?.metadata.name}/log?container=manager`;
  const log = await (await fetch(`${cluster.url}${path}`)).text();
  const last: unknown = JSON.parse(log.trim().split("\n").at(-1) ?? "");
  expect(last).toMatchObject({
    level: "error",
    msg: "Reconciler error",
    name: "operations",
    namespace: "flux-system",
    error: expect.stringContaining("MalformedYAMLError"),
  });
});

test("a Git server that refuses Flux for a while", async () => {
  const { troubles } = await start();
  troubles.git = { reason: "AuthenticationFailed", message: "authentication required" };
  await poke("1");
  const source = () => cluster.store.get("gitrepositories", "flux-system", "gitops");
  await until(cluster, () => condition(source(), "FetchFailed")?.status === "True");
  expect(condition(source(), "Ready")).toMatchObject({
    status: "False",
    reason: "AuthenticationFailed",
  });
  delete troubles.git;
  await poke("2");
  await until(cluster, () => condition(source(), "Ready")?.status === "True");
  expect(condition(source(), "FetchFailed")).toBeUndefined();
});

test("Helm waits for all that a chart has, names what is not ready, and may uninstall it", async () => {
  const spec =
    "  upgrade:\n    timeout: 3m\n    remediation:\n      strategy: uninstall\n      remediateLastFailure: true\n";
  await start({ speed: 200, spec });
  const worker = `    worker:\n      image:\n        repository: omnispatial.azurecr.io/omnispatial/web\n        tag: nightly\n`;
  await gitops.push({ "helm-release.yaml": `${helmRelease("production-40672", spec)}${worker}` });
  await poke();
  await until(cluster, () => condition(release(), "Stalled")?.status === "True");
  expect(condition(release(), "Released")?.message).toContain(
    `Deployment/${namespace}/${name}-worker status: 'InProgress'`,
  );
  expect(condition(release(), "Remediated")).toMatchObject({ reason: "UninstallSucceeded" });
  expect(cluster.store.list("deployments", namespace)).toEqual([]);
});

test("a Helm test that fails, and a release that somebody else's Helm holds", async () => {
  const spec = "  test:\n    enable: true\n";
  const { troubles } = await start({ speed: 200, spec });
  const broken = `${helmRelease("production-40672", spec)}    smokeTest: { path: /nowhere }\n`;
  await gitops.push({ "helm-release.yaml": broken });
  await poke("1");
  await until(cluster, () => condition(release(), "Stalled")?.status === "True");
  expect(condition(release(), "TestSuccess")).toMatchObject({ reason: "TestFailed" });
  expect(condition(release(), "Released")?.status).toBe("True");

  troubles.held.add(`${namespace}/${name}`);
  await gitops.push({ "helm-release.yaml": helmRelease("production-40641", spec) });
  await poke("2");
  await until(cluster, () => condition(release(), "Released")?.status === "False");
  expect(condition(release(), "Released")?.message).toContain(
    "another operation (install/upgrade/rollback) is in progress",
  );
});
