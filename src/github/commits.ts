import type { Octokit } from "@octokit/rest";
import type { z } from "zod";
import type { Commit } from "../deployment/deployment.ts";
import type { Changes, FileCommit, Relation } from "../deployment/ports.ts";
import { changes, commits, standing } from "./answers.ts";
import { readBranch } from "./branch.ts";
import { unusable } from "./errors.ts";
import { accept, ask, repositoryOf, type Repository } from "./exchange.ts";

/** The newest commit of a branch (or of the history that ends in a commit) that changed a file; undefined when none did. */
export async function findNewestCommit(
  repository: Repository,
  at: { readonly sha: string; readonly path?: string },
): Promise<FileCommit | undefined> {
  const answer = await ask(repository, "GET /repos/{owner}/{repo}/commits", { ...at, per_page: 1 });
  const newest = accept(answer, commits)[0];
  return newest === undefined ? undefined : dated(newest);
}

/**
 * Lists the newest commits of a branch that changed a file, at most thirty; each call asks GitHub whether there is a newer one
 * than it gave before, which is not counted against the rate limit while there is none (HTTP 304).
 */
export function fileCommits(
  repository: Repository,
  at: { readonly sha: string; readonly path: string },
): () => Promise<readonly FileCommit[]> {
  let last: { readonly etag: string; readonly commits: readonly FileCommit[] } | undefined;
  return async () => {
    const answer = await ask(repository, "GET /repos/{owner}/{repo}/commits", {
      ...at,
      per_page: 30,
      ...(last === undefined ? {} : { headers: { "if-none-match": last.etag } }),
    });
    if (answer.status === 304 && last !== undefined) return last.commits;
    const found = accept(answer, commits).map(dated);
    const { etag } = answer.headers;
    last = typeof etag === "string" ? { etag, commits: found } : undefined;
    return found;
  };
}

/** The head of a branch in a repository (`owner/name`) of application sources. @throws ServiceError when it is not there. */
export async function readHead(
  octokit: Octokit,
  repository: string,
  branch: string,
): Promise<Commit> {
  const place = repositoryOf(octokit, repository);
  const { head } = await readBranch(place, branch);
  const newest = await findNewestCommit(place, { sha: head });
  if (newest?.commit.id !== head)
    throw unusable(`the head of ${branch}`, "none", "it is another commit");
  return newest.commit;
}

const relations = {
  identical: "same",
  ahead: "descendant",
  behind: "ancestor",
  diverged: "apart",
} as const satisfies Record<z.output<typeof standing>["status"], Relation>;

/** How a commit stands to another. GitHub answers 404 for what it does not know, and for histories without a common commit. */
export async function compareCommits(
  repository: Repository,
  commit: string,
  other: string,
): Promise<Relation> {
  if (commit === other) return "same";
  const answer = await ask(repository, "GET /repos/{owner}/{repo}/compare/{basehead}", {
    basehead: `${commit}...${other}`,
    per_page: 1,
  });
  if (answer.status === 404) return "unknown";
  return relations[accept(answer, standing).status];
}

/** The most commits of one comparison; GitHub gives the oldest first. */
const mostCompared = 100;

/**
 * What a commit has that another has not, in a repository (`owner/name`) of application sources; undefined where GitHub does
 * not know one of them. Of more than a hundred only how many they are.
 */
export async function readChanges(
  octokit: Octokit,
  repository: string,
  from: string,
  to: string,
): Promise<Changes | undefined> {
  const place = repositoryOf(octokit, repository);
  const answer = await ask(place, "GET /repos/{owner}/{repo}/compare/{basehead}", {
    basehead: `${from}...${to}`,
    per_page: mostCompared,
  });
  if (answer.status === 404) return undefined;
  const { commits: found, total_commits: count, html_url: url } = accept(answer, changes);
  const all = found.toReversed().map((one) => dated(one).commit);
  return { commits: count > all.length ? [] : all, count, url };
}

function dated(answer: z.output<typeof commits>[number]): FileCommit {
  const author = answer.author?.login ?? answer.commit.author?.name;
  const at = Date.parse(answer.commit.committer.date);
  const commit: Commit = {
    id: answer.sha,
    at,
    message: answer.commit.message,
    ...(author === undefined ? {} : { author }),
    url: answer.html_url,
  };
  return { commit, at };
}
