import type { Bad } from "../deployment/ports.ts";
import { bad, words } from "./helm-release.ts";
import { conditionOf, type Deployment, type ReplicaSet } from "./objects.ts";
import {
  carries,
  hasSameImages,
  isOwnedBy,
  isPresent,
  refusedWith,
  tagsIn,
  type RolloutObjects,
  type Standing,
} from "./workload.ts";

const revision = "deployment.kubernetes.io/revision";

/** How a Deployment's rollout stands. `Available` is no evidence: the old pods keep it True. */
export function standingOfDeployment(deployment: Deployment, objects: RolloutObjects): Standing {
  const { metadata, spec, status } = deployment;
  const name = `Deployment ${metadata.name}`;
  const owned = objects.replicaSets.filter((one) => isOwnedBy(one, metadata.uid));
  const observed = status.observedGeneration >= metadata.generation;
  const newest = observed ? newReplicaSet(deployment, owned) : undefined;
  const pods = objects.pods.filter((pod) => owned.some((one) => isOwnedBy(pod, one.metadata.uid)));
  const present = pods.filter(isPresent);
  const isFresh = (pod: (typeof pods)[number]) =>
    newest !== undefined && isOwnedBy(pod, newest.metadata.uid);
  const standing = {
    name,
    desired: spec.replicas,
    fresh: newest === undefined ? undefined : present.filter(isFresh),
    old: present.filter((pod) => !isFresh(pod)),
    complete: newest !== undefined && isComplete(deployment),
  };
  if (!observed || standing.complete) return standing;
  if (spec.paused) return { ...standing, failure: bad("rollout-paused", `${name} is paused.`) };

  const progressing = conditionOf(status.conditions, "Progressing");
  if (newest === undefined) {
    if (progressing?.reason !== "ReplicaSetCreateError") return standing;
    const since = progressing.lastTransitionTime ?? objects.now;
    return refusedWith(standing, `${name}: ${words(progressing)}`, objects.now - since);
  }
  const refused = conditionOf(newest.status.conditions, "ReplicaFailure");
  if (refused?.status === "True" && standing.fresh?.length === 0) {
    // Old pods that are still ending may hold what the new ones need.
    const ending = pods.some((pod) => pod.metadata.deletionTimestamp !== undefined);
    const since = refused.lastTransitionTime ?? objects.now;
    const sofar = ending ? 0 : objects.now - since;
    return refusedWith(standing, `${name}: ${words(refused)}`, sofar);
  }
  const deadline = progressing?.status === "False" && isAbout(progressing.message, newest);
  if (deadline && progressing?.reason === "ProgressDeadlineExceeded") {
    return { ...standing, failure: bad("rollout-stalled", `${name}: ${words(progressing)}`) };
  }
  return standing;
}

/**
 * Why a Deployment that carried the wanted tag has another now: somebody changed it by hand after `since` (ms since 1970).
 * An older ReplicaSet that is back is Helm's rollback, of which the HelmRelease tells.
 */
export function overtaken(
  { metadata, spec }: Deployment,
  { replicaSets }: RolloutObjects,
  wanted: { readonly repository: string; readonly tag: string; readonly since?: number },
): Bad | undefined {
  if (carries(spec.template, wanted.repository, wanted.tag)) return undefined;
  const owned = replicaSets.filter((one) => isOwnedBy(one, metadata.uid));
  const newest = newReplicaSet({ metadata, spec }, owned);
  const had = owned.some((one) => carries(one.spec.template, wanted.repository, wanted.tag));
  const created = newest?.metadata.creationTimestamp;
  if (!had || created === undefined || created < (wanted.since ?? Infinity)) return undefined;
  const carried = tagsIn(spec.template, wanted.repository).join(", ");
  return bad("superseded", `Deployment ${metadata.name} carries ${carried} now.`);
}

/** Not by revision alone: with the strategy Recreate the annotation speaks of the old ReplicaSet for a while. */
function newReplicaSet(
  { metadata, spec }: Pick<Deployment, "metadata" | "spec">,
  owned: readonly ReplicaSet[],
): ReplicaSet | undefined {
  const wanted = metadata.annotations[revision];
  return owned.find(
    (one) =>
      wanted !== undefined &&
      one.metadata.annotations[revision] === wanted &&
      hasSameImages(one.spec.template, spec.template),
  );
}

function isComplete({ spec, status }: Deployment): boolean {
  const progressing = conditionOf(status.conditions, "Progressing");
  // Without a progress deadline, and while paused, there is no such condition to wait for. Which ReplicaSet it names is no
  // matter: with the strategy Recreate it goes on naming the old one.
  const settled =
    spec.paused || progressing === undefined || progressing.reason === "NewReplicaSetAvailable";
  return (
    settled &&
    status.updatedReplicas === spec.replicas &&
    status.replicas === status.updatedReplicas &&
    status.availableReplicas >= spec.replicas
  );
}

/** Whether a condition speaks of this ReplicaSet: that of an earlier rollout may still stand there. */
function isAbout(message: string | undefined, { metadata }: ReplicaSet): boolean {
  const named = /ReplicaSet "([^"]+)"/.exec(message ?? "")?.[1];
  return named === undefined || named === metadata.name;
}
