import type { Deployment } from "./deployment.ts";
import { known } from "./known.ts";
import type { Wanted } from "./ports.ts";

/** What the cluster is asked about: this tag, by this merge commit, since the merge. */
export function wantedOf(deployment: Deployment): Wanted {
  const merge = deployment.progress.find((one) => one.step === "merge-change");
  const generation = deployment.evidence.sync?.generation;
  const applied = deployment.progress.find((one) => one.step === "sync")?.endedAt;
  return {
    release: known(deployment, "proposal").release,
    tag: known(deployment, "image").tag,
    commit: known(deployment, "merge").commit,
    // The merge happened after the step had started: anything older on the cluster is not its doing.
    since: merge?.startedAt ?? deployment.evidence.edit?.at ?? deployment.requestedAt,
    ...(generation === undefined ? {} : { generation }),
    ...(applied === undefined ? {} : { appliedAt: applied }),
  };
}
