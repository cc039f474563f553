import { waitFor } from "../../sandbox/kubernetes/controller.ts";
import type { Nature } from "../../sandbox/kubernetes/nature.ts";
import type { Pod, PodSpec } from "../../sandbox/kubernetes/objects.ts";
import type { Stage } from "./stage.ts";

const namespace = "omnispatial";
export const release = "omnispatial-web";
/** What is live before every story. */
const before = "production-40655";

/** Whether a pod is of the deployment that the story is about. */
export function isNew({ containers }: PodSpec): boolean {
  return containers.every(({ image }) => !image.endsWith(before));
}

/** The new pods, as they are now. */
export function newPods({ world }: Stage): readonly Pod[] {
  return world.kubernetes.store.list("pods", namespace).filter(({ spec }) => isNew(spec));
}

/** From the approval on, the new pods have this nature, and only they. */
export function nature(found: Nature): (stage: Stage) => void {
  const { run, pull, create, prepare, schedule } = found;
  return ({ world }) => {
    world.kubernetes.nature = {
      ...found,
      ...(run && {
        run: (pod, container, attempt) =>
          isNew(pod.spec) ? run(pod, container, attempt) : undefined,
      }),
      ...(pull && {
        pull: (image, attempt) => (image.tag === before ? undefined : pull(image, attempt)),
      }),
      ...(create && {
        create: (pod, container, attempt) =>
          isNew(pod.spec) ? create(pod, container, attempt) : undefined,
      }),
      ...(prepare && {
        prepare: (pod, attempt) => (isNew(pod.spec) ? prepare(pod, attempt) : undefined),
      }),
      ...(schedule && { schedule: (pod) => (isNew(pod.spec) ? schedule(pod) : undefined) }),
    };
  };
}

/** What was refused so often, and is allowed then. */
export function firstTimes<T>(times: number, refusal: T): () => T | undefined {
  let left = times;
  return () => {
    left -= 1;
    return left >= 0 ? refusal : undefined;
  };
}

/** Whether a container of a new pod waits for this reason. */
export function waitsFor(reason: string): (stage: Stage) => boolean {
  return (stage) =>
    newPods(stage).some(({ status }) =>
      status.containerStatuses?.some(({ state }) => state.waiting?.reason === reason),
    );
}

/** Whether a container of a new pod, or an init container, was started so often. */
export function restarted(times: number): (stage: Stage) => boolean {
  return (stage) =>
    newPods(stage).some(({ status }) =>
      [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].some(
        ({ restartCount }) => restartCount >= times,
      ),
    );
}

/** Whether a new pod is ready. */
export function isOneReady(stage: Stage): boolean {
  return newPods(stage).some(({ status }) =>
    status.conditions?.some((one) => one.type === "Ready" && one.status === "True"),
  );
}

/** Whether Helm has given up. */
export function helmFailed({ world }: Stage): boolean {
  const found = world.kubernetes.store.get("helmreleases", namespace, release);
  return (
    found?.status.conditions?.some(
      ({ type, status, reason }) =>
        type === "Released" && status === "False" && reason === "UpgradeFailed",
    ) === true
  );
}

/** The application is a StatefulSet or a DaemonSet, from before the request. */
export function asWorkload(
  kind: "StatefulSet" | "DaemonSet",
  values = "",
): (stage: Stage) => Promise<void> {
  return async (stage) => {
    await stage.edit((text) =>
      impatient(text).replace("\n  values:\n", `\n  values:\n    workload: ${kind}\n${values}`),
    );
    pokeFlux(stage);
    const { store } = stage.world.kubernetes;
    await untilInWorld(stage, () => {
      const set = store.get("statefulsets", namespace, release);
      const daemons = store.get("daemonsets", namespace, release);
      const ready = set?.status.readyReplicas ?? daemons?.status.numberReady;
      const found = store.get("helmreleases", namespace, release);
      return ready === 3 && found?.status.observedGeneration === found?.metadata.generation;
    });
  };
}

/** Helm gives up after a minute, for good: what is suspected until then is told sooner. */
function impatient(text: string): string {
  return text.replace("timeout: 5m", "timeout: 1m").replace("retries: 2", "retries: 0");
}

/** The chart migrates the database: a hook before the upgrade, or a Job beside it. */
export function withMigration(values: string): (stage: Stage) => Promise<void> {
  return (stage) =>
    stage.edit((text) =>
      impatient(text).replace("\n  values:\n", `\n  values:\n    migration: { ${values} }\n`),
    );
}

/** As a webhook of GitHub's would. */
export function pokeFlux({ world }: Stage): void {
  const { store, clock } = world.kubernetes;
  store.update("gitrepositories", "flux-system", "gitops", ({ metadata }) => {
    const asked = { "reconcile.fluxcd.io/requestedAt": clock.timestamp() };
    metadata.annotations = { ...metadata.annotations, ...asked };
  });
}

/** Waits for the world, as long as ten minutes of its time. */
export async function untilInWorld({ world }: Stage, holds: () => boolean): Promise<void> {
  const { kubernetes } = world;
  const longest = AbortSignal.timeout(20_000);
  const found = await waitFor(kubernetes, 600_000, longest, () => holds() || undefined);
  if (found === undefined) throw new Error("the world never came to what the story begins with");
}

/** Whether the workload has the new image, whatever its pods say. */
export function isChanged({ world }: Stage): boolean {
  const found = world.kubernetes.store.get("deployments", namespace, release);
  return found !== undefined && isNew(found.spec.template.spec);
}

/** Flux tries no upgrade again: what is suspected until Helm gives up is told then. */
export async function withoutRetries(stage: Stage): Promise<void> {
  await stage.edit(impatient);
}

/** As withoutRetries, but what worked before comes back. */
export async function rollingBack(stage: Stage): Promise<void> {
  await stage.edit((text) =>
    impatient(text).replace("retries: 0", "retries: 0\n      remediateLastFailure: true"),
  );
}

/** Somebody, or the autoscaler, wants another number of pods. */
export function scaleTo(replicas: number): (stage: Stage) => void {
  return ({ world }) => {
    world.kubernetes.store.update("deployments", namespace, release, ({ spec }) => {
      spec.replicas = replicas;
    });
  };
}

/** The kubelet throws a pod out, since its node has no room left. */
export function evict({ world }: Stage, pod: Pod | undefined): void {
  if (pod === undefined) return;
  world.kubernetes.store.update("pods", namespace, pod.metadata.name, ({ status }) => {
    status.phase = "Failed";
    Object.assign(status, { reason: "Evicted", message: "The node was low on resource: memory." });
    status.conditions = (status.conditions ?? []).map((one) =>
      one.type === "Ready" ? { ...one, status: "False", reason: "PodFailed" } : one,
    );
  });
}
