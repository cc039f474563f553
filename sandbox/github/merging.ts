import type { Api } from "./api.ts";
import { readCommit } from "./history.ts";
import { makeMerge, type MergeMethod } from "./merge.ts";
import { isOpen, type PullRequest, type PullRequests } from "./pull-requests.ts";
import type { BranchRules } from "./rules.ts";
import { githubAccount, omnibotAccount } from "./wire.ts";

export const headWasModified = "Head branch was modified. Review and try the merge again.";
export const baseWasModified = "Base branch was modified. Review and try the merge again.";

export interface MergeWish {
  /** The head that the pull request must have. */
  readonly sha: string;
  readonly method: MergeMethod;
  readonly title: string | undefined;
  readonly message: string | undefined;
}

export type MergeResult =
  | { readonly state: "merged"; readonly sha: string }
  | { readonly state: "moved" | "blocked" | "conflict" | "closed"; readonly message: string };

/** Merges a pull request for good, or says why not. */
export function mergePull(
  api: Api,
  pulls: PullRequests,
  rules: BranchRules,
  pull: PullRequest,
  wish: MergeWish,
): Promise<MergeResult> {
  const { repository } = api;
  return repository.alone(async () => {
    if (!isOpen(pull)) return { state: "closed", message: "Pull request is closed." };
    if (pull.draft) return { state: "blocked", message: "Pull Request is still a draft" };
    if (pull.headSha !== wish.sha) return { state: "moved", message: headWasModified };
    const refusal = rules.refusal(pull.base);
    if (refusal !== undefined) return { state: "blocked", message: refusal };
    const base = await repository.head(pull.base);
    if (base === undefined) return { state: "blocked", message: "Base branch does not exist" };
    const sha = await makeMerge(repository, {
      base,
      head: pull.headSha,
      method: wish.method,
      message: await mergeMessage(api, pull, wish),
      author: omnibotAccount,
      committer: githubAccount,
    });
    if (sha === undefined) return { state: "conflict", message: "Pull Request is not mergeable" };
    if (!(await repository.move(pull.base, base, sha)))
      return { state: "blocked", message: baseWasModified };
    pulls.markMerged(pull, base, sha);
    return { state: "merged", sha };
  });
}

async function mergeMessage(api: Api, pull: PullRequest, wish: MergeWish): Promise<string> {
  const squash = wish.method === "squash";
  const usual = squash
    ? `${pull.title} (#${pull.number})`
    : `Merge pull request #${pull.number} from ${api.address.owner}/${pull.head}`;
  const body = wish.message ?? (squash ? await bodyOfHead(api, pull) : pull.title);
  return `${wish.title ?? usual}\n${body === "" ? "" : `\n${body}\n`}`;
}

async function bodyOfHead(api: Api, pull: PullRequest): Promise<string> {
  const { message } = await readCommit(api.repository, pull.headSha);
  return message.split("\n").slice(1).join("\n").trim();
}
