import { GitVersionType } from "azure-devops-node-api/interfaces/GitInterfaces.js";
import { z } from "zod";
import type { BuildConfig } from "../config/config.ts";
import type { Commit } from "../deployment/deployment.ts";
import type { Bad } from "../deployment/ports.ts";
import { ServiceError } from "../deployment/service-error.ts";
import { firstWords } from "../deployment/words.ts";
import { webAddress } from "./address.ts";
import {
  branchAnswer,
  commitAnswer,
  definitionAnswer,
  type SourceRepository,
} from "./devops-answers.ts";
import type { DevOps } from "./devops.ts";

/** The most changes that are told. */
const mostChanges = 50;

/** Reads the head of a branch of a repository on GitHub (owner/name). */
export type GithubHead = (repository: string, branch: string) => Promise<Commit>;

/** Head of the configured branch in the repository that the pipeline builds. */
export async function readHead(
  devOps: DevOps,
  config: BuildConfig,
  githubHead: GithubHead | undefined,
): Promise<Commit | Bad> {
  const repository = await readRepository(devOps, config);
  if (repository === undefined) {
    const words = `There is no pipeline ${config.pipeline} in the project ${config.project}.`;
    return { state: "failed", code: "pipeline-not-found", detail: words };
  }
  const branch = config.branch.replace(/^refs\/heads\//, "");
  if (repository.type === "GitHub" && githubHead !== undefined) {
    return await githubHead(repository.name ?? repository.id, branch);
  }
  if (repository.type !== "TfsGit") {
    throw refuse(
      `Pipeline ${config.pipeline} builds a repository of type ${repository.type}, whose head omnibot cannot read`,
    );
  }
  const answer = await devOps.read(branchAnswer, ({ git }) =>
    git.getBranch(repository.id, branch, projectOf(repository, config)),
  );
  if (answer === undefined) {
    const words = `There is no branch ${branch} in the repository ${repository.name ?? repository.id}.`;
    return { state: "failed", code: "branch-not-found", detail: words };
  }
  return toCommit(answer.commit, repository);
}

/**
 * The commits that `to` has and `from` has not, newest first, at most 50; undefined where the service cannot tell: a
 * repository outside of Azure Repos, or a commit that is not there (any more).
 */
export async function readCommits(
  devOps: DevOps,
  config: BuildConfig,
  from: string,
  to: string,
): Promise<readonly Commit[] | undefined> {
  const repository = await readRepository(devOps, config);
  if (repository?.type !== "TfsGit") return undefined;
  if (from === to) return [];
  // The service walks from compareVersion back to what itemVersion has as well.
  const range = {
    itemVersion: { version: from, versionType: GitVersionType.Commit },
    compareVersion: { version: to, versionType: GitVersionType.Commit },
  };
  const commits = await orUnknown(
    devOps.read(z.array(commitAnswer), ({ git }) =>
      git.getCommits(repository.id, range, projectOf(repository, config), 0, mostChanges),
    ),
  );
  if (commits === undefined) return undefined;
  // Whatever the range means to this service: changes that do not end in the commit are not the ones that would ship.
  if (commits.length > 0 && !commits.some((one) => one.commitId === to)) return undefined;
  return commits.slice(0, mostChanges).map((one) => toCommit(one, repository));
}

/** A commit that is gone is refused with 400 or 404; the changes are then unknown, which is no trouble. */
async function orUnknown<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ServiceError && error.trouble === "invalid") return undefined;
    throw error;
  }
}

/** What the pipeline builds; undefined when there is no such pipeline that omnibot may see. */
async function readRepository(
  devOps: DevOps,
  config: BuildConfig,
): Promise<SourceRepository | undefined> {
  const answer = await devOps.read(definitionAnswer, ({ build }) =>
    build.getDefinition(config.project, config.pipeline),
  );
  return answer?.repository;
}

/** A pipeline may build a repository of another project of its organization; its address says which. */
function projectOf(repository: SourceRepository, config: BuildConfig): string {
  const path = URL.parse(repository.url ?? "")?.pathname.split("/") ?? [];
  const project = path[path.indexOf("_git") - 1];
  return path.length === 5 && project !== undefined ? decodeURIComponent(project) : config.project;
}

function toCommit(commit: z.infer<typeof commitAnswer>, repository: SourceRepository): Commit {
  const message = firstWords(commit.comment?.split("\n", 1)[0] ?? "");
  const page = webAddress(repository.url);
  return {
    id: commit.commitId,
    ...(message === "" ? {} : { message }),
    ...(commit.author?.name ? { author: commit.author.name } : {}),
    ...(page === undefined ? {} : { url: `${page.replace(/\/$/, "")}/commit/${commit.commitId}` }),
  };
}

function refuse(words: string): ServiceError {
  return new ServiceError("azure-devops", "invalid", "none", words);
}
