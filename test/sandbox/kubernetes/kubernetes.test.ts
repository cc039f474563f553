import {
  ApiException,
  AppsV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
} from "@kubernetes/client-node";
import type { Kubernetes } from "../../../sandbox/kubernetes/kubernetes.ts";
import type { Deployment, Pod } from "../../../sandbox/kubernetes/objects.ts";
import {
  connect,
  createDeployment,
  digest,
  isComplete,
  name,
  namespace,
  repository,
  setTag,
  startCluster,
  until,
  watch,
  type Images,
} from "./cluster.ts";

const images: Images = {
  "production-40641": "success",
  "production-40655": "success",
  "production-40672": "success",
  "production-40673": "image-cannot-be-pulled",
  "production-40674": "crash-loop",
};
const deploymentsPath = `/apis/apps/v1/namespaces/${namespace}/deployments`;
const podsPath = `/api/v1/namespaces/${namespace}/pods`;

let cluster: Kubernetes;
let config: KubeConfig;

beforeEach(async () => {
  cluster = await startCluster(images);
  await createDeployment(cluster, "production-40655");
  config = await connect(cluster.url);
});

afterEach(async () => {
  await cluster.close();
});

function newPod(): Pod | undefined {
  const pods = cluster.store.list("pods", namespace);
  return pods.find((pod) => !pod.spec.containers[0]?.image.endsWith("production-40655"));
}

describe("a rollout", () => {
  test("is seen by list and watch from the old pods to the new ones, with a stale status at first", async () => {
    const listed = await config.makeApiClient(AppsV1Api).listNamespacedDeployment({ namespace });
    const version = listed.metadata?.resourceVersion ?? "";
    const watching = await watch(config, deploymentsPath, {
      resourceVersion: version,
      fieldSelector: `metadata.name=${name}`,
    });
    setTag(cluster, "production-40672");
    await until(cluster, () => isComplete(cluster.store.get("deployments", namespace, name)));
    await until(cluster, () => cluster.store.list("pods", namespace).length === 3);
    watching.stop();

    const states = watching.seen.map(({ object }) => object as Deployment);
    expect(states[0]?.metadata.generation).toBe(2);
    expect(states[0]?.status.observedGeneration).toBe(1);
    expect(states[0]?.status.updatedReplicas).toBe(3);
    const reasons = states.map(
      ({ status }) => status.conditions?.find(({ type }) => type === "Progressing")?.reason,
    );
    expect([...new Set(reasons)]).toEqual([
      "NewReplicaSetAvailable",
      "NewReplicaSetCreated",
      "ReplicaSetUpdated",
    ]);
    expect(states.every(({ status }) => (status.availableReplicas ?? 0) >= 3)).toBe(true);
    expect(states.every(({ status }) => (status.replicas ?? 0) <= 4)).toBe(true);

    const pods = await config.makeApiClient(CoreV1Api).listNamespacedPod({
      namespace,
      labelSelector: "app.kubernetes.io/instance in (omnispatial-web, other),pod-template-hash",
    });
    const statuses = pods.items.map(({ status }) => status?.containerStatuses?.[0]);
    expect(statuses.map((status) => status?.image)).toEqual(
      Array(3).fill(`${repository}:production-40672`),
    );
    expect(statuses.map((status) => status?.imageID)).toEqual(
      Array(3).fill(`${repository}@${digest}`),
    );
    expect(new Set(pods.items.map(({ spec }) => spec?.nodeName)).size).toBe(3);
  });

  test("to an earlier template uses its ReplicaSet again, under the next revision", async () => {
    const [first] = cluster.store.list("replicasets", namespace);
    setTag(cluster, "production-40672");
    await until(cluster, () => isComplete(cluster.store.get("deployments", namespace, name)));
    setTag(cluster, "production-40655");
    await until(cluster, () => isComplete(cluster.store.get("deployments", namespace, name)));
    const sets = cluster.store.list("replicasets", namespace);
    expect(sets).toHaveLength(2);
    const again = sets.find(({ metadata }) => metadata.uid === first?.metadata.uid);
    expect(again?.metadata.annotations?.["deployment.kubernetes.io/revision"]).toBe("3");
    expect(again?.spec.replicas).toBe(3);
  });

  test("to an image that may not be pulled shows why, and leaves the old pods alone", async () => {
    const watching = await watch(config, podsPath, {
      resourceVersion: String(cluster.store.version),
    });
    setTag(cluster, "production-40673");
    const waiting = () => newPod()?.status.containerStatuses?.[0]?.state.waiting;
    await until(cluster, () => waiting()?.reason === "ImagePullBackOff");
    watching.stop();
    const reasons = watching.seen.map(
      ({ object }) => (object as Pod).status.containerStatuses?.[0]?.state.waiting?.reason,
    );
    expect(reasons.indexOf("ErrImagePull")).toBeGreaterThan(reasons.indexOf("ContainerCreating"));
    expect(waiting()?.message).toContain("401 Unauthorized");
    expect(newPod()?.status.phase).toBe("Pending");
    const deployment = cluster.store.get("deployments", namespace, name);
    expect(deployment?.status).toMatchObject({
      updatedReplicas: 1,
      availableReplicas: 3,
      unavailableReplicas: 1,
    });
    const events = await config.makeApiClient(CoreV1Api).listNamespacedEvent({
      namespace,
      fieldSelector: `involvedObject.uid=${newPod()?.metadata.uid}`,
    });
    expect(events.items.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(["Scheduled", "Pulling", "Failed", "BackOff"]),
    );
  });

  test("to an image that is not there says not found", async () => {
    setTag(cluster, "production-99999");
    await until(
      cluster,
      () => newPod()?.status.containerStatuses?.[0]?.state.waiting?.reason === "ErrImagePull",
    );
    expect(newPod()?.status.containerStatuses?.[0]?.state.waiting?.message).toMatch(
      /NotFound .*production-99999: not found$/,
    );
  });

  test("to a version that crashes counts restarts, and its log says why", async () => {
    setTag(cluster, "production-40674");
    await until(
      cluster,
      () => newPod()?.status.containerStatuses?.[0]?.state.waiting?.reason === "CrashLoopBackOff",
    );
    const pod = newPod();
    const [status] = pod?.status.containerStatuses ?? [];
    expect(status).toMatchObject({
      restartCount: 1,
      ready: false,
      lastState: { terminated: { exitCode: 1, reason: "Error" } },
    });
    expect(pod?.status.phase).toBe("Running");
    const log = await config.makeApiClient(CoreV1Api).readNamespacedPodLog({
      namespace,
      name: pod?.metadata.name ?? "",
      container: "web",
      previous: true,
      tailLines: 5,
    });
    expect(log.trim().split("\n")).toHaveLength(5);
    expect(log).toContain("Error: TILE_CACHE_URL is not set");
  });

  test("that does not come to its end exceeds its progress deadline", async () => {
    await cluster.close();
    cluster = await startCluster(images, { speed: 2000 });
    await createDeployment(cluster, "production-40655");
    setTag(cluster, "production-40673");
    const progressing = () =>
      cluster.store
        .get("deployments", namespace, name)
        ?.status.conditions?.find(({ type }) => type === "Progressing");
    await until(cluster, () => progressing()?.reason === "ProgressDeadlineExceeded");
    expect(progressing()?.status).toBe("False");
  });
});

describe("a watch", () => {
  test("from version 0 gets what there is and a bookmark", async () => {
    const bookmark = Promise.withResolvers<void>();
    const watching = await watch(
      config,
      podsPath,
      { resourceVersion: "0", allowWatchBookmarks: true },
      ({ type }) => {
        if (type === "BOOKMARK") bookmark.resolve();
      },
    );
    await bookmark.promise;
    watching.stop();
    expect(watching.seen.map(({ type }) => type)).toEqual(["ADDED", "ADDED", "ADDED", "BOOKMARK"]);
    expect(watching.seen.at(-1)?.object.metadata.resourceVersion).toBe(
      String(cluster.store.version),
    );
  });

  test("with a selector sees an object that begins to match as ADDED and one that ends to as DELETED", async () => {
    const watching = await watch(config, podsPath, {
      resourceVersion: String(cluster.store.version),
      labelSelector: "canary=yes",
    });
    const pod = cluster.store.list("pods", namespace)[0]?.metadata.name ?? "";
    for (const value of ["yes", "no"]) {
      cluster.store.update(
        "pods",
        namespace,
        pod,
        ({ metadata }) => void (metadata.labels = { ...metadata.labels, canary: value }),
      );
    }
    while (watching.seen.length < 2) await new Promise((resolve) => setImmediate(resolve));
    watching.stop();
    expect(watching.seen.map(({ type }) => type)).toEqual(["ADDED", "DELETED"]);
  });

  test("from a version that is forgotten gets an ERROR event with 410, or HTTP 410", async () => {
    const old = String(cluster.store.version - 1);
    cluster.expire();
    const watching = await watch(config, podsPath, { resourceVersion: old });
    await watching.ended;
    expect(watching.seen).toMatchObject([
      { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } },
    ]);
    cluster.expire("status");
    const refused = await watch(config, podsPath, { resourceVersion: old });
    expect(await refused.ended).toMatchObject({ statusCode: 410 });
  });

  test("that is open when its version is forgotten ends with 410", async () => {
    const watching = await watch(config, podsPath, {
      resourceVersion: String(cluster.store.version),
    });
    cluster.expire();
    await watching.ended;
    expect(watching.seen.map(({ type }) => type)).toEqual(["ERROR"]);
  });

  test("remembers only so many writes", async () => {
    await cluster.close();
    cluster = await startCluster(images, { window: 10 });
    await createDeployment(cluster, "production-40655");
    expect(cluster.store.changesSince(cluster.store.version - 10)).toHaveLength(10);
    expect(cluster.store.changesSince(cluster.store.version - 11)).toBeUndefined();
  });
});

describe("a patch", () => {
  const object = {
    group: "helm.toolkit.fluxcd.io",
    version: "v2",
    plural: "helmreleases",
    namespace,
    name: "api",
  };

  beforeEach(() => {
    cluster.store.create("helmreleases", {
      metadata: { name: "api", namespace },
      spec: { interval: "1m" },
      status: {},
    });
  });

  test("of annotations leaves the generation, one of the spec counts it", async () => {
    const api = config.makeApiClient(CustomObjectsApi);
    const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
    const annotations = { "reconcile.fluxcd.io/requestedAt": "now" };
    const annotated: unknown = await api.patchNamespacedCustomObject(
      { ...object, body: { metadata: { annotations } }, fieldManager: "omnibot" },
      merge,
    );
    expect(annotated).toMatchObject({ metadata: { generation: 1, annotations } });
    const suspended: unknown = await api.patchNamespacedCustomObject(
      { ...object, body: { spec: { suspend: true } } },
      merge,
    );
    expect(suspended).toMatchObject({
      metadata: { generation: 2 },
      spec: { interval: "1m", suspend: true },
    });
  });

  test("with the client's default content type is refused as the API server refuses it", async () => {
    const api = config.makeApiClient(CustomObjectsApi);
    const refused = api.patchNamespacedCustomObject({
      ...object,
      body: { metadata: { annotations: { a: "b" } } },
    });
    await expect(refused).rejects.toMatchObject({
      code: 400,
      body: expect.stringContaining("error decoding patch: json: cannot unmarshal object"),
    });
    const strategic = api.patchNamespacedCustomObject(
      { ...object, body: {} },
      setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch),
    );
    await expect(strategic).rejects.toMatchObject({ code: 415 });
  });
});

describe("access", () => {
  test("needs the token: 401 for a wrong one, 403 for none", async () => {
    await cluster.close();
    cluster = await startCluster(images, { token: "right" });
    const list = async (token?: string) =>
      await (
        await connect(cluster.url, token)
      )
        .makeApiClient(CoreV1Api)
        .listNamespacedPod({ namespace });
    await expect(list("right")).resolves.toMatchObject({ items: [] });
    await expect(list("wrong")).rejects.toMatchObject({ code: 401 });
    await expect(list()).rejects.toMatchObject({
      code: 403,
      body: expect.stringContaining("system:anonymous"),
    });
  });

  test("can be taken away, and SelfSubjectAccessReview says so", async () => {
    await cluster.close();
    cluster = await startCluster(images, {
      authorize: ({ verb, resource }) => verb !== "patch" && resource !== "pods/log",
    });
    config = await connect(cluster.url);
    const review = async (verb: string) => {
      const resourceAttributes = {
        verb,
        group: "source.toolkit.fluxcd.io",
        resource: "gitrepositories",
        namespace,
      };
      const answer = await config
        .makeApiClient(AuthorizationV1Api)
        .createSelfSubjectAccessReview({ body: { spec: { resourceAttributes } } });
      return answer.status?.allowed;
    };
    expect([await review("get"), await review("patch")]).toEqual([true, false]);
  });

  test("to what is not there is answered with 404 as Kubernetes says it", async () => {
    const missing = config
      .makeApiClient(AppsV1Api)
      .readNamespacedDeployment({ namespace, name: "nothing" });
    await expect(missing).rejects.toThrow(ApiException);
    await expect(missing).rejects.toMatchObject({
      code: 404,
      body: expect.stringContaining('deployments.apps \\"nothing\\" not found'),
    });
  });
});
