import { changeText } from "../change-text.ts";
import { known } from "../known.ts";
import type { Bad, GitOps, MergeState, Registry } from "../ports.ts";
import { ServiceError } from "../service-error.ts";
import type { Environment } from "../../config/config.ts";
import type { CauseCode } from "../causes.ts";
import type { ChangeEvidence, ImageEvidence } from "../deployment.ts";
import { done, failed, waiting, type Step } from "../step.ts";
import { unexpected } from "./open-change.ts";

/** Merges the pull request at exactly the head that we pushed, never at a later one. */
export const mergeChange: Step = {
  name: "merge-change",
  title: "Merge",
  deadline: 30 * 60_000,
  late: "merge-blocked",

  appliesTo: ({ kind }) => kind !== "observed",

  async advance(deployment, { world: { gitops, registry }, environment, once }) {
    const change = known(deployment, "change");
    const text = changeText(deployment, change.to);

    const merge = await once<MergeState | Bad>("merge", {
      find: (last) =>
        gitops.findMerge(
          change,
          last !== undefined && "request" in last ? last.request : undefined,
        ),
      act: async () =>
        (await movedTag(known(deployment, "image"), registry)) ??
        (await unexpectedChange(change, gitops, environment)) ??
        (await gitops.merge(change, text.title, text.merge)),
      settled: (result) => result.state === "merged",
      facts: { pullRequest: change.pullRequest, head: change.head },
    });

    switch (merge.state) {
      case "merged":
        await removeBranch(gitops, change.branch);
        return done(merge.commit.slice(0, 7), { merge: { commit: merge.commit, url: merge.url } });
      case "merging":
        return waiting({ seconds: 1 }, "GitHub is merging");
      case "blocked":
        return waiting({ seconds: 15 }, `GitHub says: ${merge.by.join(", ")}`, {}, merge.late);
      case "moved":
        return failed("head-moved", {
          detail: `The branch is at ${merge.head.slice(0, 7)} now.`,
          url: change.url,
        });
      case "conflict":
        return failed("change-conflict", {
          detail: `Pull request ${change.pullRequest} cannot be merged.`,
          url: change.url,
        });
      case "closed":
        return failed("change-closed", {
          detail: `Pull request ${change.pullRequest} is closed.`,
          url: change.url,
        });
      case "failed":
        return failed(merge.code, merge);
    }
  },
};

/** The tag must still be the image that was verified: a tag can be pushed again. */
async function movedTag(image: ImageEvidence, registry: Registry): Promise<Bad | undefined> {
  const now = await registry.resolve(image.tag);
  if (now.state === "absent")
    return bad("image-not-found", `${image.tag} is gone from the registry.`);
  if (now.digest === image.digest) return undefined;
  return bad(
    "tag-moved",
    `${image.tag} was ${short(image.digest)}, now it is ${short(now.digest)}.`,
  );
}

/** Still one line: the base may have moved since the pull request was opened. */
async function unexpectedChange(
  change: ChangeEvidence,
  gitops: GitOps,
  environment: Environment,
): Promise<Bad | undefined> {
  const problem = unexpected(change, await gitops.readPullRequest(change.pullRequest), environment);
  return problem === undefined
    ? undefined
    : { ...bad("change-unexpected", problem), url: change.url };
}

function bad(code: CauseCode, detail: string): Bad {
  return { state: "failed", code, detail };
}

function short(digest: string): string {
  return `${digest.slice(0, 13)}…`;
}

/** A branch that stays behind does no harm: the merge is done, and that is what counts. */
async function removeBranch(gitops: GitOps, branch: string): Promise<void> {
  try {
    await gitops.deleteBranch(branch);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
  }
}
