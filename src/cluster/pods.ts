import type { CauseCode } from "../deployment/causes.ts";
import { judgeContainer, type Finding, type Seen } from "./container.ts";
import { digestIn, isOf, parseImage } from "./image.ts";
import { conditionOf, type ContainerStatus, type Event, type Pod } from "./objects.ts";
import { countEvents, findEvent } from "./pod-events.ts";
import { short } from "./pull-words.ts";

export interface WantedImage {
  readonly repository: string;
  readonly tag: string;
  /** Every digest that a node may report for it; undefined where it need not be proved. */
  readonly digests: readonly string[] | undefined;
}

/** What one new pod says: it runs the image, it is on its way (and what troubles it), or it will not come up. */
export type PodState = { readonly state: "ready"; readonly digest: string | undefined } | Finding;

/** What the kubelet says of a pod whose containers it cannot create yet. */
const startTrouble: Readonly<Record<string, CauseCode>> = {
  FailedMount: "volume-failed",
  FailedAttachVolume: "volume-failed",
  FailedMapVolume: "volume-failed",
  FailedCreatePodSandBox: "pods-not-started",
};
/** Mounts often fail at the first try, before a node's caches are filled: then it is worth no word. */
const fewFailures = 2;
/** A ConfigMap that is missing at the mount may be a moment away; milliseconds. */
const missingGrace = 15_000;

/** Judges one new pod by its containers' states and what events tell of it; `now` is ms since 1970. */
export function judgePod(
  pod: Pod,
  wanted: WantedImage,
  now: number,
  all: readonly Event[] = [],
): PodState {
  const events = all.filter(({ about }) => about === pod.metadata.uid);
  const seen = { pod, events, waitedFor: now - startable(pod), now };
  const findings = statusesOf(pod).map((one) => judgeContainer(one, seen));
  const broken = findings.find((one) => one?.state === "broken");
  const trouble = broken ?? findings.find((one) => one !== undefined);
  if (trouble !== undefined) return trouble;
  if (conditionOf(pod.status.conditions, "Ready")?.status === "True") {
    return proveImage(pod, wanted);
  }
  return unscheduled(seen) ?? unstarted(seen) ?? unready(seen);
}

export function statusesOf(pod: Pod): readonly ContainerStatus[] {
  return [...pod.status.initContainerStatuses, ...pod.status.containerStatuses];
}

/** Since when the pod's containers could start: it has a node, and its init containers are through. */
function startable(pod: Pod): number {
  const marks = ["PodScheduled", "Initialized"].map((type) => {
    const found = conditionOf(pod.status.conditions, type);
    return found?.status === "True" ? (found.lastTransitionTime ?? 0) : 0;
  });
  return Math.max(pod.metadata.creationTimestamp ?? 0, ...marks);
}

/** A pod without a node is not lost: others may end, or the autoscaler adds a node. */
function unscheduled({ pod, events, now }: Seen): Finding | undefined {
  const scheduled = conditionOf(pod.status.conditions, "PodScheduled");
  if (scheduled?.status !== "False") return undefined;
  const why = short(scheduled.message ?? scheduled.reason ?? "");
  const trouble = `${pod.metadata.name} waits for a node: ${why}`;
  if (scheduled.reason === "SchedulingGated") return { state: "pending", trouble };
  if (findEvent(events, ["TriggeredScaleUp"], now) !== undefined) {
    return {
      state: "pending",
      trouble: `${pod.metadata.name} waits for a node that is being added`,
    };
  }
  const refused = findEvent(events, ["NotTriggerScaleUp"], now);
  const more = refused === undefined ? "" : ` The autoscaler: ${short(refused.message)}`;
  return { state: "pending", code: "unschedulable", trouble: `${trouble}${more}` };
}

/** What keeps the node from creating the containers: only events tell. */
function unstarted({ pod, events, waitedFor, now }: Seen): Finding | undefined {
  const waits = statusesOf(pod).every(({ state }) => (state.waiting ?? undefined) !== undefined);
  const found = waits ? findEvent(events, Object.keys(startTrouble), now) : undefined;
  const code = found === undefined ? undefined : startTrouble[found.reason];
  if (found === undefined || code === undefined) return undefined;
  const detail = `${pod.metadata.name}: ${found.reason}, ${short(found.message)}`;
  if (found.count < fewFailures) return { state: "pending", trouble: detail };
  if (/(configmap|secret)s? "[^"]+" not found/.test(found.message)) {
    const certain = waitedFor >= missingGrace;
    return certain
      ? { state: "broken", code: "config-missing", detail }
      : { state: "pending", code: "config-missing", trouble: detail };
  }
  return { state: "pending", code, trouble: detail };
}

/** A pod that is not ready starts; a suspicion it becomes when its readiness probe has failed as often as it may. */
function unready({ pod, events, now }: Seen): Finding {
  const { name } = pod.metadata;
  const running = pod.status.containerStatuses.filter(
    (one) => !one.ready && (one.state.running ?? undefined) !== undefined,
  );
  const failing = running.find((one) => failsItsProbe(pod, one, events, now));
  if (failing !== undefined) {
    const said = findEvent(events, ["Unhealthy"], now, /^Readiness probe/)?.message;
    const trouble = `${name}: container ${failing.name} is not ready${said === undefined ? "" : `; ${short(said)}`}`;
    return { state: "pending", code: "readiness-failing", trouble, container: failing.name };
  }
  if (running.length > 0) {
    const names = running.map((one) => one.name).join(", ");
    return { state: "pending", trouble: `${name}: container ${names} is not ready` };
  }
  const gates = conditionOf(pod.status.conditions, "Ready")?.reason === "ReadinessGatesNotReady";
  return {
    state: "pending",
    trouble: `${name}: ${gates ? "waits for its readiness gates" : "starts"}`,
  };
}

function failsItsProbe(
  pod: Pod,
  { name, state }: ContainerStatus,
  events: readonly Event[],
  now: number,
): boolean {
  const probe = pod.spec.containers.find((one) => one.name === name)?.readinessProbe ?? undefined;
  const startedAt = state.running?.startedAt;
  if (probe === undefined || startedAt === undefined) return false;
  const { failureThreshold, initialDelaySeconds, periodSeconds, timeoutSeconds } = probe;
  const times = countEvents(events, name, "Unhealthy", /^Readiness probe/);
  if (times > 0) return times >= failureThreshold;
  const longest = initialDelaySeconds + failureThreshold * (periodSeconds + timeoutSeconds);
  return now - startedAt >= longest * 1000;
}

/** A ready pod is proof only when the digest that its node reports is one of the image in the registry. */
function proveImage(pod: Pod, { repository, tag, digests }: WantedImage): PodState {
  const carried = pod.spec.containers.filter(({ image }) => isOf(image, repository));
  const other = carried.find(({ image }) => parseImage(image).tag !== tag);
  if (other !== undefined)
    return { state: "pending", trouble: `${pod.metadata.name} runs ${other.image}` };
  const running = new Map(pod.status.containerStatuses.map((one) => [one.name, one.imageID]));
  const found = carried.map(({ name }) => digestIn(running.get(name) ?? ""));
  if (digests === undefined) return { state: "ready", digest: found[0] };
  const wrong = found.find((digest) => digest !== undefined && !digests.includes(digest));
  if (wrong !== undefined) {
    const detail = `${pod.metadata.name} runs ${wrong.slice(0, 19)}…, the registry has ${(digests[0] ?? "nothing").slice(0, 19)}….`;
    return { state: "broken", code: "digest-mismatch", detail };
  }
  if (found.includes(undefined)) {
    return { state: "pending", trouble: `${pod.metadata.name} does not report its image yet` };
  }
  return { state: "ready", digest: found[0] };
}
