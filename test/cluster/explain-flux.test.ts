import { explainFlux } from "../../src/cluster/explain-flux.ts";
import type { Chain } from "../../src/cluster/find-objects.ts";
import type { Kubernetes, Resource } from "../../src/cluster/kubernetes.ts";
import type { CauseCode } from "../../src/deployment/causes.ts";
import type { FluxState } from "../../src/deployment/ports.ts";
import { ServiceError } from "../../src/deployment/service-error.ts";
import { attempted, condition, FluxObjects, og8, reconciling, since } from "./flux-states.ts";

/** A cluster of a few objects, by `plural namespace/name`, and of logs, by pod. */
class FakeCluster implements Kubernetes {
  readonly objects = new Map<string, object>();
  readonly logs = new Map<string, string>();
  denied = false;
  readonly read: string[] = [];

  async get({ plural }: Resource, namespace: string, name: string): Promise<unknown> {
    this.#refuse();
    return this.objects.get(`${plural} ${namespace}/${name}`);
  }

  async list({ plural }: Resource, { namespace = "" }: { readonly namespace: string | undefined }) {
    this.#refuse();
    const items = [...this.objects]
      .filter(([key]) => key.startsWith(`${plural} ${namespace}/`))
      .map(([, object]) => object);
    return items;
  }

  async *pages(resource: Resource, where: { readonly namespace: string | undefined }) {
    yield await this.list(resource, where);
  }

  versionOf(): Promise<string> {
    return Promise.reject(new Error("nothing is watched here"));
  }

  annotate(): Promise<void> {
    return Promise.reject(new Error("nothing is written here"));
  }

  async readLog({ pod, container }: { readonly pod: string; readonly container: string }) {
    this.#refuse();
    this.read.push(`${pod}/${container}`);
    return this.logs.get(pod) ?? "";
  }

  #refuse(): void {
    if (this.denied) throw new ServiceError("kubernetes", "denied", "none", "forbidden");
  }
}

let cluster: FakeCluster;
let flux: FluxObjects;

beforeEach(() => {
  cluster = new FakeCluster();
  flux = new FluxObjects().applied({
    ...attempted,
    conditions: [reconciling("Running 'upgrade' action with timeout of 5m0s")],
  });
});

function explain(state: FluxState, now = since + 90_000): Promise<FluxState> {
  const { release, kustomization, repository } = flux.objects();
  const found = <T>(plural: string, namespace: string, object: T | undefined) =>
    object === undefined
      ? undefined
      : { resource: { group: "", version: "v1", plural }, namespace, object };
  const chain: Chain = {
    release: found("helmreleases", "omnispatial", release),
    kustomization: found("kustomizations", "flux-system", kustomization),
    source: found("gitrepositories", "flux-system", repository),
  };
  return explainFlux(cluster, state, chain, { now: () => now });
}

const upgrading = (late?: CauseCode): FluxState => ({
  state: "upgrading",
  generation: 8,
  sentence: "Helm upgrades the release",
  ...(late === undefined ? {} : { late }),
});
const failure = (code: CauseCode, detail = "Helm upgrade failed."): FluxState => ({
  state: "failed",
  code,
  detail,
});

function workload(name: string, available: number): void {
  cluster.objects.set(`deployments omnispatial/${name}`, {
    metadata: { name, namespace: "omnispatial", generation: 1 },
    spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: { spec: {} } },
    status: {
      observedGeneration: 1,
      updatedReplicas: 1,
      availableReplicas: available,
      conditions: [
        {
          type: "Available",
          status: available === 1 ? "True" : "False",
          reason: "MinimumReplicasUnavailable",
          message: "too few",
        },
      ],
    },
  });
}

function havePod(name: string, state: object): void {
  cluster.objects.set(`pods omnispatial/${name}`, {
    metadata: { name, namespace: "omnispatial" },
    spec: {},
    status: { containerStatuses: [{ name: "main", ready: false, restartCount: 0, state }] },
  });
}

describe("While Helm waits", () => {
  test("the workload that is not ready is named, with the trouble of its pod", async () => {
    workload("web", 1);
    workload("worker", 0);
    havePod("worker-1", { waiting: { reason: "ErrImagePull", message: "not found" } });
    expect(await explain(upgrading())).toMatchObject({
      state: "upgrading",
      sentence:
        "Helm waits for Deployment worker: 0 of 1 ready; worker-1: container main: ErrImagePull, not found",
      late: "release-timed-out",
    });
  });

  test("a container that is only being created is no trouble", async () => {
    workload("worker", 0);
    havePod("worker-1", { waiting: { reason: "ContainerCreating" } });
    expect(await explain(upgrading())).toMatchObject({
      sentence: "Helm waits for Deployment worker: 0 of 1 ready",
    });
  });

  test("a StatefulSet, a DaemonSet and a Job are named as well", async () => {
    const selector = { matchLabels: { app: "queue" } };
    const spec = { replicas: 3, selector, template: { spec: {} } };
    const metadata = { name: "queue", namespace: "omnispatial", generation: 1 };
    cluster.objects.set("jobs omnispatial/queue", { metadata, spec, status: {} });
    expect(await explain(upgrading())).toMatchObject({
      sentence: "Helm waits for Job queue: not complete",
    });
    const daemons = { observedGeneration: 1, desiredNumberScheduled: 3, numberAvailable: 2 };
    cluster.objects.set("daemonsets omnispatial/queue", { metadata, spec, status: daemons });
    expect(await explain(upgrading())).toMatchObject({
      sentence: "Helm waits for DaemonSet queue: 2 of 3 ready",
    });
    const status = { observedGeneration: 1, readyReplicas: 2, updatedReplicas: 1 };
    cluster.objects.set("statefulsets omnispatial/queue", { metadata, spec, status });
    havePod("queue-2", { waiting: { reason: "ErrImagePull", message: "not found" } });
    expect(await explain(upgrading())).toMatchObject({
      sentence:
        "Helm waits for StatefulSet queue: 2 of 3 ready; queue-2: container main: ErrImagePull, not found",
    });
    const names = "[StatefulSet/omnispatial/queue status: 'Failed']";
    expect(await explain(failure("release-failed", names))).toMatchObject({
      excerpt: { title: "queue", lines: ["queue-2: container main: ErrImagePull, not found"] },
    });
  });

  test("with everything ready nobody is named", async () => {
    workload("web", 1);
    expect(await explain(upgrading())).toEqual(upgrading());
  });

  test("a cluster that does not let omnibot look changes nothing", async () => {
    cluster.denied = true;
    expect(await explain(upgrading())).toEqual(upgrading());
  });
});

describe("The evidence of a failure", () => {
  const message =
    "timeout waiting for: [Deployment/omnispatial/worker status: 'InProgress', Deployment/omnispatial/gone status: 'InProgress']";

  test("is what the workloads say that Helm names, as far as they are there", async () => {
    workload("worker", 0);
    havePod("worker-1", { terminated: { exitCode: 3, reason: "Error" } });
    expect(await explain(failure("release-timed-out", message))).toMatchObject({
      excerpt: {
        title: "worker",
        lines: [
          "MinimumReplicasUnavailable: too few",
          "worker-1: container main: Error, exit code 3",
        ],
      },
    });
  });

  const logged = (fields: object) =>
    JSON.stringify({ level: "error", msg: "Reconciler error", ...fields });

  test("or what Flux's controller logged about that very object, masked and without repetition", async () => {
    cluster.objects.set("pods flux-system/helm-controller-1", {
      metadata: { name: "helm-controller-1" },
      spec: {},
    });
    const ours = { name: "omnispatial-web", namespace: "omnispatial" };
    cluster.logs.set(
      "helm-controller-1",
      [
        "no JSON at all",
        logged({ ...ours, error: "upgrade failed: password=hunter2hunter2" }),
        logged({ ...ours, error: "upgrade failed: password=hunter2hunter2" }),
        logged({ name: "another", namespace: "omnispatial", error: "not about us" }),
        JSON.stringify({ level: "info", msg: "all is well", ...ours }),
        logged({ ...ours, error: "the last word" }),
      ].join("\n"),
    );
    const explained = await explain(failure("release-failed"));
    expect(explained).toMatchObject({ excerpt: { title: "Log of helm-controller" } });
    const lines = "excerpt" in explained ? explained.excerpt?.lines : undefined;
    expect(lines).toHaveLength(2);
    expect(lines?.[1]).toBe("the last word");
    expect(lines?.join("\n")).not.toContain("hunter2hunter2");
    expect(cluster.read).toEqual(["helm-controller-1/manager"]);
  });

  test("may be missing: a failure is told all the same", async () => {
    cluster.denied = true;
    expect(await explain(failure("release-failed"))).toEqual(failure("release-failed"));
    expect(await explain(failure("flux-suspended"))).toEqual(failure("flux-suspended"));
  });
});

describe("A controller that does not move", () => {
  const silent: FluxState = { state: "applying", sentence: "it is silent", late: "flux-silent" };

  test("is told as not running where it has no replica", async () => {
    const spec = { selector: {}, template: { spec: {} } };
    const metadata = { name: "kustomize-controller" };
    const key = "deployments flux-system/kustomize-controller";
    cluster.objects.set(key, { metadata, spec, status: { availableReplicas: 1 } });
    expect(await explain(silent)).toEqual(silent);
    cluster.objects.set(key, { metadata, spec, status: {} });
    expect(await explain(silent)).toMatchObject({
      sentence: "it is silent; kustomize-controller is not running",
    });
  });

  test("is only silent where it cannot be seen", async () => {
    cluster.denied = true;
    expect(await explain(silent)).toEqual(silent);
  });
});

describe("A chart that does not come", () => {
  const wait = upgrading("chart-not-ready");

  function chart(message: string, reason = "OCIArtifactPullFailed"): void {
    flux.extraSpec = { chartRef: { kind: "OCIRepository", name: "web" } };
    cluster.objects.set("ocirepositories omnispatial/web", {
      metadata: { name: "web" },
      spec: { url: "oci://omnispatial.azurecr.io/charts/web" },
      status: { conditions: [condition("Ready", "False", reason, message)] },
    });
  }

  test("has its source's own words, at first as something that may pass", async () => {
    chart("no match found for semver: 9.x");
    expect(await explain(wait, since + 70_000)).toMatchObject({
      state: "upgrading",
      sentence: "Flux waits: OCIRepository web: no match found for semver: 9.x.",
      late: "chart-not-ready",
    });
  });

  test("is a failure when it stays refused", async () => {
    chart("no match found for semver: 9.x");
    expect(await explain(wait)).toEqual({
      state: "failed",
      code: "chart-not-ready",
      detail: "OCIRepository web: no match found for semver: 9.x.",
    });
    chart("dial tcp: i/o timeout");
    expect(await explain(wait)).toMatchObject({ state: "upgrading" });
  });

  test("may have no source at all, or one that is a HelmChart", async () => {
    flux.extraSpec = { chartRef: { kind: "OCIRepository", name: "web" } };
    expect(await explain(wait)).toMatchObject({ sentence: "There is no OCIRepository web" });
    flux.extraSpec = {};
    flux.release = { ...flux.release, helmChart: "flux-system/omnispatial-web" };
    cluster.objects.set("helmcharts flux-system/omnispatial-web", {
      metadata: { name: "omnispatial-web" },
      spec: {},
      status: { conditions: [condition("Ready", "False", "ChartPullError", "denied", og8)] },
    });
    expect(await explain(wait)).toMatchObject({ detail: "HelmChart omnispatial-web: denied." });
  });
});
