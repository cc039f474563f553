import type { EditEvidence } from "./deployment.ts";
import type { Mark } from "./ledger.ts";
import type { Bad, FileCommit, GitOps, TagAt } from "./ports.ts";

/** A change of the tag, or of whether it can be read. */
export interface Edit {
  readonly evidence: EditEvidence;
  /** The commit's whole message. */
  readonly message: string;
}

export interface Found {
  /** Where the watch stands after these commits. */
  readonly mark: Omit<Mark, "place">;
  /** The commit that made the file what it is, if that is not what it was. */
  readonly edit?: Edit;
}

/**
 * What the commits since the mark made of the file, newest first. Of an unknown file only the mark is taken. Commits that
 * leave the tag alone are passed over; of several that change it, the one that gave it its present tag is told.
 */
export async function findEdit(
  commits: readonly FileCommit[],
  mark: Omit<Mark, "place"> | undefined,
  gitops: Pick<GitOps, "readTagAt">,
): Promise<Found> {
  const [newest] = commits;
  if (newest === undefined) throw new Error("there is no commit to look at");
  const file = await gitops.readTagAt(newest.commit.id);
  const commit = newest.commit.id;
  if (mark === undefined) return { mark: { commit, ...standingOf(file, "") } };

  const known = commits.findIndex((one) => one.commit.id === mark.commit);
  // A history that was rewritten, or is longer than the list, is looked at as far as it goes.
  const since = commits.slice(0, known < 0 ? commits.length : known);
  const after = { commit, ...standingOf(file, mark.tag) };
  const isSame = file.state === "failed" ? mark.broken === file.code : false;
  if (isSame) return { mark: after };

  const { maker, before } = await findMaker(since, file, mark.tag, gitops);
  if (file.state === "read" && before === file.tag) return { mark: after };
  return { mark: after, edit: editOf(maker, before, file, since.length) };
}

/** The oldest of the newest commits with which the file is as it is now, and the last tag before that could be read. */
async function findMaker(
  since: readonly FileCommit[],
  now: TagAt | Bad,
  tagBefore: string,
  gitops: Pick<GitOps, "readTagAt">,
): Promise<{ readonly maker: FileCommit; readonly before: string }> {
  let [maker] = since;
  let isMaker = true;
  for (const one of since.slice(1)) {
    const file = await gitops.readTagAt(one.commit.id);
    isMaker &&= isAlike(file, now);
    if (isMaker) maker = one;
    else if (file.state === "read") return { maker: given(maker), before: file.tag };
  }
  return { maker: given(maker), before: tagBefore };
}

function isAlike(one: TagAt | Bad, other: TagAt | Bad): boolean {
  if (one.state === "failed" || other.state === "failed") return one.state === other.state;
  return one.tag === other.tag;
}

function given(commit: FileCommit | undefined): FileCommit {
  if (commit === undefined) throw new Error("there is no commit since the mark");
  return commit;
}

function standingOf(file: TagAt | Bad, tagBefore: string): Pick<Mark, "tag" | "broken"> {
  return file.state === "read" ? { tag: file.tag } : { tag: tagBefore, broken: file.code };
}

function editOf(
  { commit, at }: FileCommit,
  from: string,
  file: TagAt | Bad,
  commits: number,
): Edit {
  return {
    evidence: {
      commit: commit.id,
      url: commit.url ?? "",
      author: commit.author ?? "somebody",
      at,
      from,
      ...(file.state === "read" ? { to: file.tag } : {}),
      commits,
    },
    message: commit.message ?? "",
  };
}
