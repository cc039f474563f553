import type { GitOpsConfig } from "../config/config.ts";
import type { CauseCode } from "../deployment/causes.ts";
import type { ChangeEvidence } from "../deployment/deployment.ts";
import type { MergeState } from "../deployment/ports.ts";
import { ServiceError } from "../deployment/service-error.ts";
import { firstWords } from "../deployment/words.ts";
import { asyncMerge, syncMerge, type AsyncMerge, type FullPullRequest } from "./answers.ts";
import { refusal } from "./errors.ts";
import { accept, ask, type Answer, type Repository } from "./exchange.ts";
import { readFullPullRequest } from "./pull-request.ts";

export interface MergeText {
  readonly title: string;
  readonly message: string;
}

/**
 * What became of the merge. `request` is the id that GitHub gave to an earlier one; it is kept for a day, after that (and where
 * there is none) the pull request itself tells. Undefined while nothing is known: then merging is asked for again.
 */
export async function findMerge(
  repository: Repository,
  change: ChangeEvidence,
  request: string | undefined,
): Promise<MergeState | undefined> {
  if (request !== undefined) {
    const where = { pull_number: change.pullRequest, uuid: request };
    const answer = await ask(
      repository,
      "GET /repos/{owner}/{repo}/pulls/{pull_number}/merge-async/{uuid}",
      where,
    );
    if (answer.status !== 404)
      return follow(repository, change, accept(answer, asyncMerge), request);
  }
  return judge(await readFullPullRequest(repository, change.pullRequest), change);
}

/**
 * Merges at exactly the head that we pushed. The asynchronous merge is asked for first: repeated, it answers with what it is
 * doing already, and it knows merge queues. GitHub Enterprise Server (3.17 to 3.19 in @octokit/openapi 23.0.2) does not have
 * it, there the old call is used.
 */
export async function merge(
  repository: Repository,
  method: GitOpsConfig["mergeMethod"],
  change: ChangeEvidence,
  { title, message }: MergeText,
): Promise<MergeState> {
  const wanted = {
    pull_number: change.pullRequest,
    sha: change.head,
    merge_method: method,
    commit_title: title,
    commit_message: message,
  };
  const route = "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge-async";
  const answer = await ask(repository, route, { ...wanted, merge_action: "default" });
  if (answer.status === 404) {
    return settleSync(
      repository,
      change,
      await ask(repository, "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", wanted),
    );
  }
  return settleAsync(repository, change, answer);
}

async function settleAsync(
  repository: Repository,
  change: ChangeEvidence,
  answer: Answer,
): Promise<MergeState> {
  const parsed = asyncMerge.safeParse(answer.data);
  const known =
    parsed.success && (answer.status < 300 || answer.status === 400 || answer.status === 409);
  if (!known) return explain(repository, change, answer);
  try {
    return await follow(repository, change, parsed.data, undefined);
  } catch (error) {
    // The merge was asked for, whatever the look after it met.
    if (!(error instanceof ServiceError) || answer.status === 400) throw error;
    throw new ServiceError("github", error.trouble, "unknown", error.message, error);
  }
}

async function settleSync(
  repository: Repository,
  change: ChangeEvidence,
  answer: Answer,
): Promise<MergeState> {
  if (answer.status >= 300) return explain(repository, change, answer);
  const { sha } = accept(answer, syncMerge);
  return { state: "merged", commit: sha, url: commitUrl(change.url, sha) };
}

/** Follows what an asynchronous merge says of itself. */
async function follow(
  repository: Repository,
  change: ChangeEvidence,
  { status, details }: AsyncMerge,
  request: string | undefined,
): Promise<MergeState> {
  if (status === "pending" || status === "enqueued") {
    const { expected_head_sha: head = change.head, uuid = request } = details;
    // Somebody else asked for a merge of another head.
    if (head !== change.head) return { state: "moved", head };
    return { state: "merging", ...(uuid === undefined ? {} : { request: uuid }) };
  }
  const seen = judge(await readFullPullRequest(repository, change.pullRequest), change);
  if (seen !== undefined) return seen;
  if (status === "failed")
    return blockedOrConflict(details.message ?? "GitHub could not merge, and did not say why");
  // Merged a moment ago: the pull request may show it only later.
  if (details.sha === undefined)
    return { state: "merging", ...(request === undefined ? {} : { request }) };
  return { state: "merged", commit: details.sha, url: commitUrl(change.url, details.sha) };
}

/** Says why a merge was refused; the pull request knows more than the status. */
async function explain(
  repository: Repository,
  change: ChangeEvidence,
  answer: Answer,
): Promise<MergeState> {
  if (![400, 405, 409, 422].includes(answer.status))
    throw refusal(answer, answer.doubt, answer.what);
  const seen = judge(await readFullPullRequest(repository, change.pullRequest), change);
  if (seen !== undefined) return seen;
  // Passing: only the message tells it from a rule that forbids the merge (cli/cli#8092).
  if (/base branch was modified/i.test(answer.message)) return { state: "merging" };
  // GitHub saw another head than the pull request shows: one of them is behind.
  if (answer.status === 409) return { state: "merging" };
  if (answer.status === 422) throw refusal(answer, answer.doubt, answer.what);
  return blockedOrConflict(answer.message);
}

/** What the pull request itself tells for certain; undefined when it is open at our head and nothing is known to be in its way. */
function judge(pull: FullPullRequest, change: ChangeEvidence): MergeState | undefined {
  const { sha } = pull.head;
  if (sha !== change.head) return { state: "moved", head: sha };
  if (pull.merged) {
    const commit = pull.merge_commit_sha;
    if (commit === undefined || commit === null) return { state: "merging" };
    return { state: "merged", commit, url: commitUrl(pull.html_url, commit) };
  }
  if (pull.state === "closed") return { state: "closed" };
  return pull.mergeable === false ? { state: "conflict" } : undefined;
}

/** Rulesets list what is missing on lines of their own, below a heading. */
function blockedOrConflict(message: string): MergeState {
  if (/merge conflict/i.test(message)) return { state: "conflict" };
  const lines = message
    .split("\n")
    .map(firstWords)
    .filter((line) => line !== "");
  const by =
    lines.length > 1
      ? lines.filter((line) => !/^repository rule violations found$/i.test(line))
      : lines;
  const late = blockades.find(([words]) => by.some((line) => words.test(line)))?.[1];
  return { state: "blocked", by: by.slice(0, 10), ...(late === undefined ? {} : { late }) };
}

/** Only GitHub's words tell what blocks a merge. What nobody but an administrator can change comes first. */
const blockades: readonly (readonly [RegExp, CauseCode])[] = [
  [
    /not authorized|not permitted|not accessible|protected ref|cannot be (pushed|updated)/i,
    "merge-not-permitted",
  ],
  [/\bchecks?\b|workflow|deployments? (to|must)/i, "merge-blocked-checks"],
  [/review|approv|code ?owner/i, "merge-blocked-review"],
];

function commitUrl(pullRequestUrl: string, commit: string): string {
  return new URL(`../commit/${commit}`, pullRequestUrl).href;
}
