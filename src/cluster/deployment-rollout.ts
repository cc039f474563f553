import { bad, words } from "./helm-release.ts";
import { conditionOf, type Deployment, type ReplicaSet } from "./objects.ts";
import {
  hasSameImages,
  isOwnedBy,
  isPresent,
  type RolloutObjects,
  type Standing,
} from "./workload.ts";

const revision = "deployment.kubernetes.io/revision";
/** A quota or webhook may relent within moments; milliseconds. */
const creationGrace = 15_000;

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
    const late = objects.now - (progressing?.lastTransitionTime ?? objects.now) >= creationGrace;
    if (progressing?.reason !== "ReplicaSetCreateError" || !late) return standing;
    return { ...standing, failure: bad("pods-not-created", words(progressing)) };
  }
  const refused = conditionOf(newest.status.conditions, "ReplicaFailure");
  if (refused?.status === "True" && standing.fresh?.length === 0) {
    // Old pods that are still ending may hold what the new ones need.
    const ending = pods.some((pod) => pod.metadata.deletionTimestamp !== undefined);
    const since = refused.lastTransitionTime ?? objects.now;
    const sentence = `${name}: ${words(refused)}`;
    if (ending || objects.now - since < creationGrace) return { ...standing, sentence };
    return { ...standing, failure: bad("pods-not-created", sentence) };
  }
  const deadline = progressing?.status === "False" && isAbout(progressing.message, newest);
  if (deadline && progressing?.reason === "ProgressDeadlineExceeded") {
    return { ...standing, failure: bad("rollout-stalled", `${name}: ${words(progressing)}`) };
  }
  return standing;
}

/** Not by revision alone: with the strategy Recreate the annotation speaks of the old ReplicaSet for a while. */
function newReplicaSet(
  { metadata, spec }: Deployment,
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
