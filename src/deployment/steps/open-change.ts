import type { Environment } from "../../config/config.ts";
import { changeText } from "../change-text.ts";
import type { ChangeEvidence } from "../deployment.ts";
import { known } from "../known.ts";
import type { GitOps, PullRequest, PullRequestDetails } from "../ports.ts";
import { automated } from "../proposal.ts";
import { done, failed, type Step } from "../step.ts";
import { withdraw } from "../withdraw.ts";

/** Puts the new tag on a branch of the GitOps repository, one scalar and nothing else, and opens the pull request. */
export const openChange: Step = {
  name: "open-change",
  title: "Change",
  deadline: 15 * 60_000,

  appliesTo: ({ kind }) => kind !== "observed",

  cancel: withdraw,

  async advance(deployment, { world: { gitops }, environment, once }) {
    const { tag } = known(deployment, "image");
    const approvedFrom = known(deployment, "proposal").liveTag;
    const branch = `omnibot/${deployment.key}`;
    const text = changeText(deployment, tag);

    const live = await gitops.readTag();
    if (live.state === "failed") return failed(live.code, live);
    if (live.automatedAt !== undefined) {
      const refusal = automated(live.automatedAt, environment);
      return failed(refusal.code, refusal);
    }
    if (live.tag !== approvedFrom) {
      const merged = live.tag === tag ? await ownMerge(gitops, branch) : undefined;
      if (merged !== undefined) {
        const { number: pullRequest, head, url } = merged;
        const change = { branch, head, pullRequest, url, from: approvedFrom, to: tag };
        return done(`pull request ${pullRequest}, which is merged already`, { change });
      }
      return failed("live-changed", {
        detail: `Approved was to replace ${approvedFrom}, now Git wants ${live.tag}.`,
      });
    }

    await once("create-branch", {
      find: () => gitops.findBranch(branch),
      act: () => gitops.createBranch(branch),
      facts: { branch },
    });
    const commit = await once("commit-tag", {
      find: () => gitops.findCommit(branch, tag),
      act: () => gitops.commitTag(branch, tag, text.commit),
      facts: { branch, tag },
    });
    if (commit.state === "failed") return failed(commit.code, commit);
    const { number, url } = await once("open-pull-request", {
      find: () => gitops.findPullRequest(branch),
      act: () => gitops.openPullRequest(branch, text.title, text.body),
      facts: { branch, head: commit.head },
    });

    const change = {
      branch,
      head: commit.head,
      pullRequest: number,
      url,
      from: commit.from,
      to: tag,
    };
    const problem = unexpected(change, await gitops.readPullRequest(number), environment);
    if (problem !== undefined) return failed("change-unexpected", { detail: problem, url });
    return done(`pull request ${number}, one line`, { change });
  },
};

/** Our own pull request, merged before the ledger knew: the ledger was restored from a copy that is older than the world. */
async function ownMerge(gitops: GitOps, branch: string): Promise<PullRequest | undefined> {
  const found = await gitops.findPullRequest(branch);
  return found?.state === "merged" ? found : undefined;
}

/** Says how the pull request differs from exactly one changed line of the expected file; undefined when it does not (P9). */
export function unexpected(
  change: Pick<ChangeEvidence, "pullRequest">,
  seen: PullRequestDetails,
  environment: Environment,
): string | undefined {
  const [file, ...others] = seen.files;
  if (file === undefined) return `Pull request ${change.pullRequest} changes nothing.`;
  if (others.length > 0)
    return `Pull request ${change.pullRequest} changes ${seen.files.length} files.`;
  if (file.path !== environment.gitops.file)
    return `Pull request ${change.pullRequest} changes ${file.path}.`;
  if (file.additions === 1 && file.deletions === 1) return undefined;
  return `Pull request ${change.pullRequest} adds ${file.additions} and removes ${file.deletions} lines.`;
}
