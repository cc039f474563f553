import { createJob } from "../../../sandbox/kubernetes/job-controller.ts";
import type { Kubernetes } from "../../../sandbox/kubernetes/kubernetes.ts";
import type { Run } from "../../../sandbox/kubernetes/nature.ts";
import type { Pod, PodTemplate } from "../../../sandbox/kubernetes/objects.ts";
import { deletePod, isReady } from "../../../sandbox/kubernetes/pods.ts";
import { namespace, repository, startCluster, until } from "./cluster.ts";

const labels = { app: "queue" };
const tags = { "production-40655": "success", "production-40672": "success" } as const;
const never = { readyAfter: "never" } as const;

let cluster: Kubernetes;

beforeEach(async () => {
  cluster = await startCluster(tags, { speed: 100 });
});

afterEach(async () => {
  await cluster.close();
});

function template(build: number, spec: object = {}): PodTemplate {
  const image = `${repository}:production-${build}`;
  return { metadata: { labels }, spec: { containers: [{ name: "queue", image }], ...spec } };
}

function pods(): readonly Pod[] {
  return cluster.store.list("pods", namespace);
}

/** What is what: `queue-0 40655 ready`. */
function picture(): readonly string[] {
  return pods().map((pod) => {
    const build = pod.spec.containers[0]?.image.split("-").at(-1) ?? "";
    return `${pod.metadata.name} ${build}${isReady(pod) ? " ready" : ""}`;
  });
}

async function createStatefulSet(partition = 0): Promise<void> {
  cluster.store.create("statefulsets", {
    metadata: { name: "queue", namespace },
    spec: {
      replicas: 3,
      serviceName: "queue",
      selector: { matchLabels: labels },
      template: template(40655),
      podManagementPolicy: "OrderedReady",
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition } },
      revisionHistoryLimit: 10,
    },
    status: { replicas: 0 },
  });
  await until(cluster, () => statefulSet()?.status.readyReplicas === 3);
}

const statefulSet = () => cluster.store.get("statefulsets", namespace, "queue");

function setBuild(build: number): void {
  cluster.store.update("statefulsets", namespace, "queue", ({ spec }) => {
    spec.template = template(build);
  });
}

/** The new build's containers do this, as often as they are started. */
function newOnes(run: Run): void {
  cluster.nature = {
    run: ({ spec }) => (spec.containers[0]?.image.endsWith("40672") === true ? run : undefined),
  };
}

describe("A StatefulSet", () => {
  test("begins with the first pod, and goes on when that is ready", async () => {
    const seen: string[][] = [];
    cluster.store.subscribe(() => seen.push([...picture()]));
    await createStatefulSet();
    expect(seen.every((all) => all.slice(0, -1).every((one) => one.endsWith("ready")))).toBe(true);
    expect(statefulSet()?.status).toMatchObject({ replicas: 3, updatedReplicas: 3 });
  });

  test("replaces its pods from the last one on, one after the other", async () => {
    await createStatefulSet();
    const gone: string[] = [];
    cluster.store.subscribe(({ type, plural, object }) => {
      if (type === "DELETED" && plural === "pods") gone.push(object.metadata.name);
    });
    setBuild(40672);
    await until(cluster, () => {
      const { currentRevision, updateRevision, readyReplicas } = statefulSet()?.status ?? {};
      return gone.length === 3 && currentRevision === updateRevision && readyReplicas === 3;
    });
    expect(gone).toEqual(["queue-2", "queue-1", "queue-0"]);
    expect(picture()).toEqual([
      "queue-0 40672 ready",
      "queue-1 40672 ready",
      "queue-2 40672 ready",
    ]);
  });

  test("leaves those below its partition as they are", async () => {
    await createStatefulSet(2);
    setBuild(40672);
    await until(cluster, () => picture().includes("queue-2 40672 ready"));
    expect(picture().slice(0, 2)).toEqual(["queue-0 40655 ready", "queue-1 40655 ready"]);
    await until(cluster, () => statefulSet()?.status.readyReplicas === 3);
    expect(statefulSet()?.status).toMatchObject({ currentReplicas: 2, updatedReplicas: 1 });
  });

  test("is held up by its first new pod, also when it gets a better revision, until somebody deletes that pod", async () => {
    await createStatefulSet();
    newOnes(never);
    setBuild(40672);
    await until(cluster, () => picture().includes("queue-2 40672"));
    setBuild(40655);
    await until(cluster, () => statefulSet()?.status.observedGeneration === 3);
    expect(picture()).toEqual(["queue-0 40655 ready", "queue-1 40655 ready", "queue-2 40672"]);
    deletePod(cluster, namespace, "queue-2");
    await until(cluster, () => picture().includes("queue-2 40655 ready"));
  });
});

describe("A DaemonSet", () => {
  test("has a pod on every node, and replaces one at a time", async () => {
    cluster.store.create("daemonsets", {
      metadata: { name: "agent", namespace },
      spec: {
        selector: { matchLabels: labels },
        template: template(40655),
        updateStrategy: {
          type: "RollingUpdate",
          rollingUpdate: { maxUnavailable: 1, maxSurge: 0 },
        },
        revisionHistoryLimit: 10,
      },
      status: {
        currentNumberScheduled: 0,
        desiredNumberScheduled: 0,
        numberMisscheduled: 0,
        numberReady: 0,
      },
    });
    const daemonSet = () => cluster.store.get("daemonsets", namespace, "agent");
    await until(cluster, () => daemonSet()?.status.numberReady === 3);
    expect(new Set(pods().map(({ spec }) => spec.nodeName)).size).toBe(3);
    let fewest = 3;
    cluster.store.subscribe(() => (fewest = Math.min(fewest, pods().filter(isReady).length)));
    cluster.store.update("daemonsets", namespace, "agent", ({ spec }) => {
      spec.template = template(40672);
    });
    await until(cluster, () => {
      const { observedGeneration, updatedNumberScheduled, numberAvailable } =
        daemonSet()?.status ?? {};
      return observedGeneration === 2 && updatedNumberScheduled === 3 && numberAvailable === 3;
    });
    expect(fewest).toBe(2);
    expect(daemonSet()?.metadata.annotations).toMatchObject({
      "deprecated.daemonset.template.generation": "2",
    });
  });
});

describe("A Job", () => {
  const job = () => cluster.store.get("jobs", namespace, "migrate");
  const conditions = () => job()?.status.conditions?.map(({ type, reason }) => `${type} ${reason}`);

  function start(restartPolicy: "Never" | "OnFailure", backoffLimit: number): void {
    createJob(cluster.store, {
      metadata: { name: "migrate", namespace },
      spec: {
        parallelism: 1,
        completions: 1,
        backoffLimit,
        template: template(40672, { restartPolicy }),
      },
    });
  }

  test("is complete when its pod has ended well", async () => {
    start("Never", 6);
    await until(cluster, () => conditions() !== undefined);
    expect(conditions()).toEqual([
      "SuccessCriteriaMet CompletionsReached",
      "Complete CompletionsReached",
    ]);
    expect(pods()[0]?.status.phase).toBe("Succeeded");
    expect(job()?.spec.selector?.matchLabels).toEqual({
      "batch.kubernetes.io/controller-uid": job()?.metadata.uid,
    });
  });

  test("makes another pod for one that failed, and gives up at its limit", async () => {
    newOnes({ ends: 1000, exitCode: 3 });
    start("Never", 1);
    await until(cluster, () => conditions() !== undefined);
    expect(conditions()).toEqual([
      "FailureTarget BackoffLimitExceeded",
      "Failed BackoffLimitExceeded",
    ]);
    expect(job()?.status.failed).toBe(2);
    expect(pods().map(({ status }) => status.phase)).toEqual(["Failed", "Failed"]);
  });

  test("of OnFailure starts the same pod again, and takes it away at its limit", async () => {
    newOnes({ ends: 1000, exitCode: 3 });
    start("OnFailure", 2);
    const seen = new Set<string>();
    cluster.store.subscribe(() => pods().forEach(({ metadata }) => seen.add(metadata.name)));
    await until(cluster, () => conditions()?.at(-1) === "Failed BackoffLimitExceeded");
    await until(cluster, () => pods().length === 0);
    expect(seen.size).toBe(1);
  });

  test("takes its pods with it when it goes", async () => {
    start("Never", 0);
    await until(cluster, () => conditions() !== undefined);
    expect(pods()).toHaveLength(1);
    cluster.store.remove("jobs", namespace, "migrate");
    await until(cluster, () => pods().length === 0);
    expect(job()).toBeUndefined();
  });
});
