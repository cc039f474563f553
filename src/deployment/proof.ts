import type { CauseCode } from "./causes.ts";
import type { Deployment } from "./deployment.ts";

/** A link of the chain that does not hold to the next one. */
export interface Gap {
  readonly code: CauseCode;
  readonly detail: string;
}

/**
 * What is wrong with the whole chain of evidence, if anything: each step has proven its own link, this holds them to each
 * other (P10). Links that an earlier version did not keep are not asked for.
 */
export function gapOf({ evidence, target }: Deployment): Gap | undefined {
  const { proposal, run, image, change, merge, sync, rollout, health } = evidence;
  const approved = proposal?.commit?.id;
  if (target.from === "branch" && (approved === undefined || run?.commit !== approved)) {
    return gap("commit-mismatch", `Approved was ${approved}, built was ${run?.commit}.`);
  }
  if (image === undefined) return gap("image-not-found", "Nothing is known of the image.");
  if (change !== undefined && change.to !== image.tag) {
    return gap("change-unexpected", `The image is ${image.tag}, the change says ${change.to}.`);
  }
  if (merge === undefined) return gap("merge-lost", "Nothing is known of the merge.");
  if (sync === undefined) return gap("flux-apply-failed", "Flux has applied nothing.");
  if (rollout === undefined || rollout.podsReady < rollout.pods) {
    return gap("rollout-stalled", "Not all pods are ready.");
  }
  const digests = [rollout, ...(rollout.running ?? [])].map((one) => one.digest);
  const other = digests.find((one) => one !== undefined && !image.digests.includes(one));
  if (other !== undefined) {
    return gap("digest-mismatch", `A pod runs ${other}, verified was ${image.digest}.`);
  }
  if (health?.checks.some((check) => !check.ok) === true) {
    return gap("health-failing", "Not every check is well.");
  }
  return undefined;
}

function gap(code: CauseCode, detail: string): Gap {
  return { code, detail };
}
