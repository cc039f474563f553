import type { PullRequest, PullRequestDetails } from "../deployment/ports.ts";
import { changedFiles, createdPullRequest, fullPullRequest, pullRequests } from "./answers.ts";
import type { FullPullRequest, PullRequestAnswer } from "./answers.ts";
import { notShownYet } from "./errors.ts";
import { accept, ask, type Repository } from "./exchange.ts";

export interface Branches {
  readonly branch: string;
  readonly base: string;
}

/** The pull request of a branch in any state: somebody may have merged or closed it by hand. A merged one comes first. */
export async function findPullRequest(
  repository: Repository,
  { branch, base }: Branches,
): Promise<PullRequest | undefined> {
  const head = `${repository.owner}:${branch}`;
  const answer = await ask(repository, "GET /repos/{owner}/{repo}/pulls", {
    head,
    base,
    state: "all",
    per_page: 100,
  });
  // GitHub ignores a filter that it does not understand, and answers with every pull request there is.
  const found = accept(answer, pullRequests)
    .filter((one) => one.head.ref === branch && one.base.ref === base)
    .map(toPullRequest);
  return (["merged", "open", "closed"] as const)
    .flatMap((state) => found.find((one) => one.state === state) ?? [])
    .at(0);
}

/** Opens the pull request of a branch; one that is there already, from an earlier try, is as good. */
export async function openPullRequest(
  repository: Repository,
  branches: Branches,
  text: { readonly title: string; readonly body: string },
): Promise<PullRequest> {
  const { branch: head, base } = branches;
  const answer = await ask(repository, "POST /repos/{owner}/{repo}/pulls", { head, base, ...text });
  if (answer.status === 422) {
    const existing = await findPullRequest(repository, branches);
    if (existing !== undefined) return existing;
    if (/already exists/i.test(answer.message))
      throw notShownYet(`the pull request of ${head}`, answer.doubt);
  }
  return toPullRequest(accept(answer, createdPullRequest));
}

/** Closes a pull request without a merge. GitHub answers 422 for one that is merged: then it is read as it is. */
export async function closePullRequest(
  repository: Repository,
  number: number,
): Promise<PullRequest> {
  const answer = await ask(repository, "PATCH /repos/{owner}/{repo}/pulls/{pull_number}", {
    pull_number: number,
    state: "closed",
  });
  if (answer.status === 422) return toPullRequest(await readFullPullRequest(repository, number));
  return toPullRequest(accept(answer, createdPullRequest));
}

export async function readFullPullRequest(
  repository: Repository,
  number: number,
): Promise<FullPullRequest> {
  const answer = await ask(repository, "GET /repos/{owner}/{repo}/pulls/{pull_number}", {
    pull_number: number,
  });
  return accept(answer, fullPullRequest);
}

/** Reads a pull request and what it changes; its files are read last, so that they are never older than its head. */
export async function readPullRequest(
  repository: Repository,
  number: number,
): Promise<PullRequestDetails> {
  const pull = await readFullPullRequest(repository, number);
  const where = { pull_number: number, per_page: 100 };
  const answer = await ask(
    repository,
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/files",
    where,
  );
  const files = accept(answer, changedFiles).map(({ filename: path, additions, deletions }) => ({
    path,
    additions,
    deletions,
  }));
  return { ...toPullRequest(pull), files };
}

function toPullRequest(answer: PullRequestAnswer): PullRequest {
  const merged = answer.merged_at !== undefined && answer.merged_at !== null;
  return {
    number: answer.number,
    url: answer.html_url,
    head: answer.head.sha,
    state: merged ? "merged" : answer.state,
  };
}
