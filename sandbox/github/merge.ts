import { countCommits, readCommit, readLog, readMergeBase } from "./history.ts";
import type { GitRepository, Signature } from "./repository.ts";

export type MergeMethod = "merge" | "squash" | "rebase";

export interface Merge {
  readonly base: string;
  readonly head: string;
  readonly method: MergeMethod;
  readonly message: string;
  readonly author: Signature;
  readonly committer: Signature;
}

/** The tree of two commits merged by git itself; undefined when they conflict. */
export async function mergeTrees(
  repository: GitRepository,
  ours: string,
  theirs: string,
): Promise<string | undefined> {
  const args = ["merge-tree", "--write-tree", "--no-messages", ours, theirs];
  const result = await repository.git(args, { answers: [0, 1] });
  return result.code === 0 ? result.stdout.toString("utf8").split("\n")[0]?.trim() : undefined;
}

/** Makes the commit that brings `head` into `base`, without moving any branch; undefined when they conflict. */
export async function makeMerge(
  repository: GitRepository,
  merge: Merge,
): Promise<string | undefined> {
  if (merge.method === "rebase") return replay(repository, merge);
  const tree = await mergeTrees(repository, merge.base, merge.head);
  if (tree === undefined) return undefined;
  const parents = merge.method === "merge" ? [merge.base, merge.head] : [merge.base];
  const { message, author, committer } = merge;
  return repository.commit({ tree, parents, message, author, committer });
}

async function replay(repository: GitRepository, merge: Merge): Promise<string | undefined> {
  const { base, head, committer } = merge;
  const from = await readMergeBase(repository, base, head);
  const range = from === undefined ? head : `${from}..${head}`;
  const limit = await countCommits(repository, range);
  const commits = (await readLog(repository, range, { limit })).filter(
    ({ parents }) => parents.length === 1,
  );
  let top = base;
  for (const commit of commits.toReversed()) {
    const tree = await pick(repository, top, commit.sha, commit.parents[0] ?? base, committer);
    if (tree === undefined) return undefined;
    const { message, author } = commit;
    top = await repository.commit({ tree, parents: [top], message, author, committer });
  }
  return top;
}

/**
 * The tree of `onto` with what `commit` changed. git 2.39 cannot be told the base of merge-tree (2.40 can), so two commits
 * are made that have it as their only ancestor.
 */
async function pick(
  repository: GitRepository,
  onto: string,
  commit: string,
  parent: string,
  by: Signature,
): Promise<string | undefined> {
  const make = async (source: string, parents: readonly string[]) => {
    const { tree } = await readCommit(repository, source);
    return repository.commit({ tree, parents, message: "pick", author: by, committer: by });
  };
  const root = await make(parent, []);
  return mergeTrees(repository, await make(onto, [root]), await make(commit, [root]));
}
