import type { CauseCode } from "../deployment/causes.ts";
import { bad } from "./helm-release.ts";
import { conditionOf, type DaemonSet, type Event, type Pod, type StatefulSet } from "./objects.ts";
import { short } from "./pull-words.ts";
import {
  hasSameImages,
  isOwnedBy,
  isPresent,
  refusedWith,
  type RolloutObjects,
  type Standing,
} from "./workload.ts";

/** These kinds know no progress deadline; this is a Deployment's default, in milliseconds. */
const progressDeadline = 600_000;
/** An event that was not repeated for so long tells of something that is over; milliseconds. */
const recent = 60_000;

/** How a StatefulSet's rollout stands: one pod after the other, the first that is not ready holds up the rest. */
export function standingOfStatefulSet(set: StatefulSet, objects: RolloutObjects): Standing {
  const { metadata, spec, status } = set;
  const observed = status.observedGeneration >= metadata.generation;
  const partition = spec.updateStrategy.rollingUpdate?.partition ?? 0;
  const updated = Math.max(0, spec.replicas - partition);
  const complete =
    observed &&
    status.updatedReplicas >= updated &&
    status.replicas === spec.replicas &&
    status.readyReplicas >= spec.replicas;
  const isFresh = (pod: Pod) =>
    pod.metadata.labels["controller-revision-hash"] === status.updateRevision;
  const name = `StatefulSet ${metadata.name}`;
  const onDelete = isOnDelete(spec);
  const late = "statefulset-blocked" as const;
  const base = { name, desired: updated, observed, complete, onDelete, late };
  const found = standing(base, metadata.uid, isFresh, objects);
  return onDelete ? found : { ...found, ordered: true };
}

export function standingOfDaemonSet(set: DaemonSet, objects: RolloutObjects): Standing {
  const { metadata, spec, status } = set;
  const observed = status.observedGeneration >= metadata.generation;
  const desired = status.desiredNumberScheduled;
  const complete =
    observed && status.updatedNumberScheduled >= desired && status.numberAvailable >= desired;
  const generation = metadata.annotations["deprecated.daemonset.template.generation"];
  const isFresh = (pod: Pod) => {
    const of = pod.metadata.labels["pod-template-generation"];
    if (of !== undefined && generation !== undefined) return of === generation;
    return hasSameImages({ spec: pod.spec }, spec.template);
  };
  const name = `DaemonSet ${metadata.name}`;
  const late = "rollout-stalled" as const;
  const base = { name, desired, observed, complete, onDelete: isOnDelete(spec), late };
  return standing(base, metadata.uid, isFresh, objects);
}

interface Base {
  readonly name: string;
  readonly desired: number;
  readonly observed: boolean;
  readonly complete: boolean;
  readonly onDelete: boolean;
  /** What it is when a pod is not ready after its time. */
  readonly late: CauseCode;
}

function standing(
  { observed, onDelete, late, ...base }: Base,
  uid: string,
  isFresh: (pod: Pod) => boolean,
  { pods, events, now }: RolloutObjects,
): Standing {
  const present = pods.filter((pod) => isOwnedBy(pod, uid) && isPresent(pod));
  const fresh = observed ? present.filter(isFresh) : undefined;
  const old = present.filter((pod) => !isFresh(pod));
  const found = { ...base, fresh, old };
  if (fresh === undefined || base.complete) return found;

  const refused = present.length < base.desired ? refusal(events, uid, now) : undefined;
  if (refused !== undefined) {
    return refusedWith(found, `${base.name}: ${short(refused.message)}`, refused.sofar);
  }
  const stalled = fresh.find(
    (pod) => isUnready(pod) && now - unreadySince(pod, now) >= progressDeadline,
  );
  if (stalled !== undefined) {
    const detail = `${base.name}: ${stalled.metadata.name} is not ready after 10 minutes.`;
    return { ...found, failure: bad(late, detail) };
  }
  const trouble = `${base.name} replaces a pod only when somebody deletes it (OnDelete)`;
  return onDelete ? { ...found, trouble: { state: "pending", trouble } } : found;
}

/** Why no pod can be created: of these kinds only events tell. */
function refusal(events: readonly Event[], uid: string, now: number) {
  const found = events.find(
    ({ about, reason, last = now }) =>
      about === uid && reason === "FailedCreate" && now - last < recent,
  );
  if (found === undefined) return undefined;
  const { first = now, last = now, message } = found;
  return { message, sofar: last - first };
}

function isUnready(pod: Pod): boolean {
  return conditionOf(pod.status.conditions, "Ready")?.status !== "True";
}

/** Since when the pod has been as unready as it is, ms since 1970. */
function unreadySince(pod: Pod, now: number): number {
  const changed = conditionOf(pod.status.conditions, "Ready")?.lastTransitionTime;
  return changed ?? pod.metadata.creationTimestamp ?? now;
}

function isOnDelete(spec: { readonly updateStrategy: { readonly type: string | undefined } }) {
  return spec.updateStrategy.type === "OnDelete";
}
