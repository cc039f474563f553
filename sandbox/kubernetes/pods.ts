import type { Clock } from "./clock.ts";
import type { ContainerStatus, Metadata, Pod, PodCondition, PodStatus } from "./objects.ts";
import type { Store } from "./store.ts";

/** A pod that counts: it neither ended nor is it asked to. */
export function isActive(pod: Pod): boolean {
  return !isTerminating(pod) && !hasEnded(pod);
}

/** Whether a pod has ended, well or not. */
export function hasEnded({ status }: Pod): boolean {
  return status.phase === "Succeeded" || status.phase === "Failed";
}

/** Whether an object belongs to Flux itself. */
export function isOfFlux({ metadata }: { readonly metadata: Metadata }): boolean {
  return metadata.labels?.["app.kubernetes.io/part-of"] === "flux";
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

export function isReady(pod: Pod): boolean {
  return (
    pod.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ??
    false
  );
}

const gracePeriod = 30;

/** Asks a pod to end: its kubelet stops the containers, and removes it then. */
export function deletePod(
  { store, clock }: { store: Store; clock: Clock },
  namespace: string,
  name: string,
): Pod | undefined {
  const pod = store.update("pods", namespace, name, ({ metadata }) => {
    if (metadata.deletionTimestamp !== undefined) return;
    metadata.deletionTimestamp = clock.timestamp(clock.now() + gracePeriod * 1000);
    metadata.deletionGracePeriodSeconds = gracePeriod;
  });
  if (pod?.spec.nodeName === undefined) store.remove("pods", namespace, name);
  return pod;
}

/** What a kubelet knows of its pod. */
export interface PodView {
  readonly containers: readonly ContainerStatus[];
  readonly inits: readonly ContainerStatus[];
  /** Whether the sandbox with its network is there. */
  readonly sandbox: boolean;
  readonly ip: string | undefined;
  readonly hostIP: string;
  readonly startTime: string;
  /** Whether the pod has ended for good. */
  readonly ended: boolean;
}

/** Writes the whole status, as the kubelet does: phase and conditions follow from the containers. */
export function writePodStatus(pod: Pod, view: PodView, now: string): void {
  const { containers, ip, hostIP, startTime } = view;
  const generation = pod.metadata.generation ?? 1;
  const unready = containers.filter(({ ready }) => !ready).map(({ name }) => name);
  const phase = phaseOf(view);
  const ended =
    phase === "Succeeded" ? "PodCompleted" : phase === "Failed" ? "PodFailed" : undefined;
  const ready: Omit<PodCondition, "type" | "lastTransitionTime" | "lastProbeTime"> =
    ended !== undefined
      ? { status: "False", reason: ended }
      : unready.length === 0
        ? { status: "True" }
        : {
            status: "False",
            reason: "ContainersNotReady",
            message: `containers with unready status: [${unready.join(" ")}]`,
          };
  const wanted: Record<
    string,
    Omit<PodCondition, "type" | "lastTransitionTime" | "lastProbeTime">
  > = {
    PodReadyToStartContainers: { status: view.sandbox ? "True" : "False" },
    Initialized: initialized(view, ended),
    Ready: ready,
    ContainersReady: ready,
    PodScheduled: { status: "True" },
  };
  const before = pod.status.conditions ?? [];
  const conditions = Object.entries(wanted).map(([type, one]): PodCondition => {
    const old = before.find((condition) => condition.type === type);
    const lastTransitionTime = old?.status === one.status ? old.lastTransitionTime : now;
    const { status, ...why } = one;
    return {
      type,
      observedGeneration: generation,
      status,
      lastProbeTime: null,
      lastTransitionTime,
      ...why,
    };
  });
  const status: PodStatus = {
    observedGeneration: generation,
    phase,
    conditions,
    hostIP,
    hostIPs: [{ ip: hostIP }],
    startTime,
    qosClass: pod.status.qosClass,
  };
  if (ip !== undefined) Object.assign(status, { podIP: ip, podIPs: [{ ip }] });
  if (view.inits.length > 0) status.initContainerStatuses = structuredClone([...view.inits]);
  pod.status = { ...status, containerStatuses: structuredClone([...containers]) };
}

function initialized(
  { inits }: PodView,
  ended: string | undefined,
): Pick<PodCondition, "status" | "reason" | "message"> {
  const left = inits.filter(({ ready }) => !ready).map(({ name }) => name);
  if (left.length === 0) {
    return ended === "PodCompleted" ? { status: "True", reason: ended } : { status: "True" };
  }
  const message = `containers with incomplete status: [${left.join(" ")}]`;
  return { status: "False", reason: "ContainersNotInitialized", message };
}

function phaseOf({ containers, ended }: PodView): PodStatus["phase"] {
  if (ended)
    return containers.every(({ state }) => state.terminated?.exitCode === 0)
      ? "Succeeded"
      : "Failed";
  const neverStarted = containers.some(({ containerID }) => containerID === undefined);
  return neverStarted ? "Pending" : "Running";
}
