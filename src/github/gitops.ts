import type { Octokit } from "@octokit/rest";
import type { GitOpsConfig } from "../config/config.ts";
import type { GitOps } from "../deployment/ports.ts";
import { createBranch, deleteBranch, findBranch } from "./branch.ts";
import { commitTag, findCommit, readTagAt, readWantedTag } from "./change.ts";
import { repositoryOf } from "./exchange.ts";
import { compareCommits, fileCommits } from "./commits.ts";
import { findMerge, merge } from "./merge.ts";
import { preflight } from "./preflight.ts";
import {
  closePullRequest,
  findPullRequest,
  openPullRequest,
  readPullRequest,
} from "./pull-request.ts";

export interface GitOpsOptions {
  readonly octokit: Octokit;
  readonly gitops: GitOpsConfig;
}

/** The GitOps repository on GitHub. Every method sends at most one write, and never repeats it by itself. */
export function createGitOps({ octokit, gitops }: GitOpsOptions): GitOps {
  const repository = repositoryOf(octokit, gitops.repository);
  const base = gitops.branch;
  return {
    readTag: () => readWantedTag(repository, gitops),
    preflight: () => preflight(repository, gitops),
    findBranch: (branch) => findBranch(repository, branch),
    createBranch: (branch) => createBranch(repository, branch, base),
    findCommit: (branch, tag) => findCommit(repository, gitops, branch, tag),
    commitTag: (branch, tag, message) => commitTag(repository, gitops, { branch, tag, message }),
    findPullRequest: (branch) => findPullRequest(repository, { branch, base }),
    openPullRequest: (branch, title, body) =>
      openPullRequest(repository, { branch, base }, { title, body }),
    closePullRequest: (number) => closePullRequest(repository, number),
    readPullRequest: (number) => readPullRequest(repository, number),
    findMerge: (change, request) => findMerge(repository, change, request),
    merge: (change, title, message) =>
      merge(repository, gitops.mergeMethod, change, { title, message }),
    readFileCommits: fileCommits(repository, { sha: base, path: gitops.file }),
    readTagAt: (commit) => readTagAt(repository, gitops, commit),
    compare: (commit, other) => compareCommits(repository, commit, other),
    async deleteBranch(branch) {
      if (branch === base)
        throw new Error(`${branch} is the branch that Flux follows: it is never removed`);
      await deleteBranch(repository, branch);
    },
  };
}
