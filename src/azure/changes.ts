import { GitVersionType } from "azure-devops-node-api/interfaces/GitInterfaces.js";
import { z } from "zod";
import type { BuildConfig } from "../config/config.ts";
import type { Changes } from "../deployment/ports.ts";
import { ServiceError } from "../deployment/service-error.ts";
import { webAddress } from "./address.ts";
import { commitAnswer, type SourceRepository } from "./devops-answers.ts";
import type { DevOps } from "./devops.ts";
import { projectOf, readRepository, toCommit, type GithubSource } from "./source.ts";
import { readWorkItems } from "./work-items.ts";

/** The most changes that are counted. */
const mostChanges = 50;

type CommitAnswer = z.infer<typeof commitAnswer>;

/**
 * What `to` has and `from` has not, and the work items linked with it; undefined where the service cannot tell: a repository
 * of a third kind, or a commit that is not there (any more).
 */
export async function readChanges(
  devOps: DevOps,
  config: BuildConfig,
  [from, to]: readonly [string, string],
  github: GithubSource | undefined,
): Promise<Changes | undefined> {
  const repository = await readRepository(devOps, config);
  if (from === to) return { commits: [], count: 0 };
  if (repository?.type === "GitHub")
    return await github?.readChanges(repository.name ?? repository.id, from, to);
  if (repository?.type !== "TfsGit") return undefined;
  const commits = await orUnknown(readCommits(devOps, config, [from, to], repository));
  if (commits === undefined) return undefined;
  // Whatever the range means to this service: changes that do not end in the commit are not the ones that would ship.
  if (commits.length > 0 && !commits.some((one) => one.commitId === to)) return undefined;
  const all = commits.slice(0, mostChanges);
  const ids = all.flatMap(({ workItems }) => (workItems ?? []).map((one) => Number(one.id)));
  const page = webAddress(repository.url)?.replace(/\/$/, "");
  return {
    commits: all.map((one) => toCommit(one, repository)),
    count: all.length,
    atLeast: commits.length >= mostChanges,
    ...(page === undefined
      ? {}
      : { url: `${page}/branchCompare?baseVersion=GC${from}&targetVersion=GC${to}&_a=commits` }),
    workItems: await readWorkItems(devOps, config, ids),
  };
}

async function readCommits(
  devOps: DevOps,
  config: BuildConfig,
  [from, to]: readonly [string, string],
  repository: SourceRepository,
): Promise<CommitAnswer[] | undefined> {
  const ask = (includeWorkItems: boolean) =>
    devOps.read(z.array(commitAnswer), ({ git }) =>
      git.getCommits(
        repository.id,
        {
          // The service walks from compareVersion back to what itemVersion has as well.
          itemVersion: { version: from, versionType: GitVersionType.Commit },
          compareVersion: { version: to, versionType: GitVersionType.Commit },
          includeWorkItems,
        },
        projectOf(repository, config),
        0,
        mostChanges,
      ),
    );
  try {
    return await ask(true);
  } catch (error) {
    // Whoever may read code may still not read work items: the commits are what matters.
    if (error instanceof ServiceError && error.trouble === "denied") return await ask(false);
    throw error;
  }
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
