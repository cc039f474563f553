import type { Deployment } from "./deployment.ts";
import { canceled, waiting, type Canceled, type StepContext, type Waiting } from "./step.ts";

/** Takes the change back that is not merged yet: the pull request is closed, its branch removed. */
export async function withdraw(
  deployment: Deployment,
  { world: { gitops } }: StepContext,
): Promise<Canceled | Waiting | "too-late"> {
  const branch = `omnibot/${deployment.key}`;
  const { change } = deployment.evidence;
  const merge = change === undefined ? undefined : await gitops.findMerge(change, undefined);
  if (merge?.state === "merged") return "too-late";
  if (merge?.state === "merging")
    return waiting({ seconds: 1 }, "GitHub is merging; omnibot sees what comes of it");
  const found = await gitops.findPullRequest(branch);
  if (found?.state === "merged") return "too-late";
  if (found?.state === "open" && (await gitops.closePullRequest(found.number)).state === "merged")
    return "too-late";
  // Without its branch a pull request that is not shown yet cannot be merged either.
  await gitops.deleteBranch(branch);
  return canceled(
    found === undefined
      ? "Git was not changed."
      : `Pull request ${found.number} is closed; Git was not changed.`,
  );
}
