import type { z } from "zod";
import type { BuildConfig } from "../config/config.ts";
import type { Commit } from "../deployment/deployment.ts";
import type { Bad, Changes } from "../deployment/ports.ts";
import { ServiceError } from "../deployment/service-error.ts";
import { firstWords } from "../deployment/words.ts";
import { webAddress } from "./address.ts";
import {
  branchAnswer,
  type commitAnswer,
  definitionAnswer,
  type SourceRepository,
} from "./devops-answers.ts";
import type { DevOps } from "./devops.ts";

/** A repository of sources on GitHub (owner/name), for pipelines that build one. */
export interface GithubSource {
  readHead(repository: string, branch: string): Promise<Commit>;
  /** What `to` has and `from` has not; undefined where GitHub does not know one of them. */
  readChanges(repository: string, from: string, to: string): Promise<Changes | undefined>;
}

/** Head of the configured branch in the repository that the pipeline builds. */
export async function readHead(
  devOps: DevOps,
  config: BuildConfig,
  github: GithubSource | undefined,
): Promise<Commit | Bad> {
  const repository = await readRepository(devOps, config);
  if (repository === undefined) {
    const words = `There is no pipeline ${config.pipeline} in the project ${config.project}.`;
    return { state: "failed", code: "pipeline-not-found", detail: words };
  }
  const branch = config.branch.replace(/^refs\/heads\//, "");
  if (repository.type === "GitHub" && github !== undefined) {
    return await github.readHead(repository.name ?? repository.id, branch);
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

/** What the pipeline builds; undefined when there is no such pipeline that omnibot may see. */
export async function readRepository(
  devOps: DevOps,
  config: BuildConfig,
): Promise<SourceRepository | undefined> {
  const answer = await devOps.read(definitionAnswer, ({ build }) =>
    build.getDefinition(config.project, config.pipeline),
  );
  return answer?.repository;
}

/** A pipeline may build a repository of another project of its organization; its address says which. */
export function projectOf(repository: SourceRepository, config: BuildConfig): string {
  const path = URL.parse(repository.url ?? "")?.pathname.split("/") ?? [];
  const project = path[path.indexOf("_git") - 1];
  return path.length === 5 && project !== undefined ? decodeURIComponent(project) : config.project;
}

export function toCommit(
  commit: z.infer<typeof commitAnswer>,
  repository: SourceRepository,
): Commit {
  const message = firstWords(commit.comment?.split("\n", 1)[0] ?? "");
  const page = webAddress(repository.url);
  const at = commit.committer?.date?.getTime();
  return {
    id: commit.commitId,
    ...(at === undefined ? {} : { at }),
    ...(message === "" ? {} : { message }),
    ...(commit.author?.name ? { author: commit.author.name } : {}),
    ...(page === undefined ? {} : { url: `${page.replace(/\/$/, "")}/commit/${commit.commitId}` }),
  };
}

function refuse(words: string): ServiceError {
  return new ServiceError("azure-devops", "invalid", "none", words);
}
