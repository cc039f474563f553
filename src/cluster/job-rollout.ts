import { bad, words } from "./helm-release.ts";
import { conditionOf, type Job, type Pod } from "./objects.ts";
import { isOwnedBy, type RolloutObjects, type Standing } from "./workload.ts";

/** How a Job stands: it starts failed pods anew, as often as it may, and tells itself how it ended. */
export function standingOfJob({ metadata, spec, status }: Job, objects: RolloutObjects): Standing {
  const name = `Job ${metadata.name}`;
  const condition = (type: string) => {
    const found = conditionOf(status.conditions, type);
    return found?.status === "True" ? found : undefined;
  };
  const failed = condition("Failed");
  const complete = condition("Complete") !== undefined;
  const pods = objects.pods.filter((pod) => isOwnedBy(pod, metadata.uid));
  const standing = {
    name,
    // Its pods end: none is waited for to be ready.
    desired: 0,
    // A pod that failed may say why, also when the Job has made another.
    fresh: complete ? [] : pods.filter(isUnfinished),
    old: [],
    complete,
    retries: true,
  } as const;
  if (failed !== undefined) {
    return { ...standing, failure: bad("job-failed", `${name}: ${words(failed)}`) };
  }
  if (complete) return standing;
  const trouble = `${name} ${spec.suspend ? "is suspended" : "runs"}`;
  return { ...standing, trouble: { state: "pending", trouble } };
}

function isUnfinished({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp === undefined && status.phase !== "Succeeded";
}
