import { changeText } from "../change-text.ts";
import { known } from "../known.ts";
import type { Bad, Blocked, GitOps, MergeState, Registry } from "../ports.ts";
import { ServiceError } from "../service-error.ts";
import type { Environment } from "../../config/config.ts";
import type { CauseCode } from "../causes.ts";
import type { ChangeEvidence, ImageEvidence } from "../deployment.ts";
import { done, failed, waiting, type Step, type Waiting } from "../step.ts";
import { movedTag } from "../proposal.ts";
import { unexpected } from "./open-change.ts";
import { withdraw } from "../withdraw.ts";

/** Merges the pull request at exactly the head that we pushed, never at a later one. */
export const mergeChange: Step = {
  name: "merge-change",
  title: "Merge",
  deadline: 30 * 60_000,
  late: "merge-blocked",

  appliesTo: ({ kind }) => kind !== "observed",

  cancel: withdraw,

  async advance(deployment, { world: { gitops, registry }, environment, once }) {
    const change = known(deployment, "change");
    const text = changeText(deployment, change.to);

    let before: Blocked | undefined;
    const merge = await once<MergeState | Bad>("merge", {
      async find(last) {
        before = blockedBefore(last);
        const request = last !== undefined && "request" in last ? last.request : undefined;
        return withReason(await gitops.findMerge(change, request), before);
      },
      act: async () =>
        (await stillSame(known(deployment, "image"), registry)) ??
        (await unexpectedChange(change, gitops, environment)) ??
        withReason(await gitops.merge(change, text.title, text.merge), before),
      settled: (result) => result.state === "merged",
      facts: { pullRequest: change.pullRequest, head: change.head },
    });

    switch (merge.state) {
      case "merged":
        await removeBranch(gitops, change.branch);
        return done(merge.commit.slice(0, 7), { merge: { commit: merge.commit, url: merge.url } });
      case "merging":
        return merge.after === undefined
          ? waiting({ seconds: 1 }, "GitHub is merging")
          : blocked({ seconds: 1 }, merge.after);
      case "blocked":
        return blocked({ seconds: 15 }, merge);
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

/** It is asked for again and again while it is blocked: until a new answer is there, the last one is what people wait for. */
function blockedBefore(last: MergeState | Bad | undefined): Blocked | undefined {
  if (last?.state === "blocked") return last;
  return last?.state === "merging" ? last.after : undefined;
}

function withReason<Result extends MergeState | undefined>(
  result: Result,
  after: Blocked | undefined,
): Result {
  return result?.state === "merging" && after !== undefined ? { ...result, after } : result;
}

function blocked(after: { readonly seconds: number }, { by, late }: Blocked): Waiting {
  return waiting(after, `GitHub says: ${by.join(", ")}`, {}, late);
}

/** The tag must still be the image that was verified: a tag can be pushed again. */
async function stillSame(image: ImageEvidence, registry: Registry): Promise<Bad | undefined> {
  const now = await registry.resolve(image.tag);
  return now.state === "absent"
    ? bad("image-not-found", `${image.tag} is gone from the registry.`)
    : movedTag(image.tag, image.digest, now.digest, "verified");
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

/** A branch that stays behind does no harm: the merge is done, and that is what counts. */
async function removeBranch(gitops: GitOps, branch: string): Promise<void> {
  try {
    await gitops.deleteBranch(branch);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
  }
}
