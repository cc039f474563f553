import type { GitOpsConfig } from "../config/config.ts";
import type { Bad, CommitState, TagAt, TagState } from "../deployment/ports.ts";
import { ServiceError } from "../deployment/service-error.ts";
import { comparison, written } from "./answers.ts";
import { findBranch } from "./branch.ts";
import { blobId, encodeText } from "./bytes.ts";
import { findNewestCommit } from "./commits.ts";
import { accept, ask, type Repository } from "./exchange.ts";
import { readFile } from "./file.ts";
import { readTag, replaceTag } from "./helm-release.ts";
import { bad } from "./lines.ts";

/** The tag that the configured branch wants, with the commit that last changed the file: read at that very commit. */
export async function readWantedTag(
  repository: Repository,
  gitops: GitOpsConfig,
): Promise<TagState> {
  const newest = await findNewestCommit(repository, { sha: gitops.branch, path: gitops.file });
  const absent = bad(
    "file-not-found",
    `${gitops.file} is not on ${gitops.branch} of ${gitops.repository}.`,
  );
  if (newest === undefined) return absent;
  const file = await readFile(repository, gitops.file, newest.commit.id);
  if (file.state === "failed") return file;
  const read = readTag(file.text, gitops);
  if (read.state === "failed") return read;
  return {
    state: "read",
    tag: read.tag,
    commit: newest.commit,
    changedAt: newest.at,
    release: read.release,
    ...(read.hasImagePolicyMarker ? { automatedAt: read.line } : {}),
    ...(read.alsoAt.length === 0 ? {} : { alsoAt: read.alsoAt }),
  };
}

/** The tag that the file has at a commit which is known to have changed it. */
export async function readTagAt(
  repository: Repository,
  gitops: GitOpsConfig,
  commit: string,
): Promise<TagAt | Bad> {
  const file = await readFile(repository, gitops.file, commit);
  if (file.state === "failed") return file;
  const read = readTag(file.text, gitops);
  return read.state === "failed" ? read : { state: "read", tag: read.tag, release: read.release };
}

/** The head of the branch, when it has commits of its own and its file carries the tag. */
export async function findCommit(
  repository: Repository,
  gitops: GitOpsConfig,
  branch: string,
  tag: string,
): Promise<CommitState | undefined> {
  const head = (await findBranch(repository, branch))?.head;
  if (head === undefined) return undefined;
  const file = await readTagAt(repository, gitops, head);
  if (file.state === "failed" || file.tag !== tag) return undefined;
  const basehead = `${gitops.branch}...${head}`;
  const answer = await ask(repository, "GET /repos/{owner}/{repo}/compare/{basehead}", {
    basehead,
    per_page: 1,
  });
  const { ahead_by: ahead, merge_base_commit: base } = accept(answer, comparison);
  if (ahead === 0) return undefined;
  const before = await readTagAt(repository, gitops, base.sha);
  return before.state === "failed" ? undefined : { state: "committed", head, from: before.tag };
}

/**
 * Writes the tag on the branch under the lock of the file's blob id. GitHub answers with the id of what it stored: it is the id
 * of exactly the bytes that were meant, or the change is refused.
 */
export async function commitTag(
  repository: Repository,
  gitops: GitOpsConfig,
  change: { readonly branch: string; readonly tag: string; readonly message: string },
): Promise<CommitState | Bad> {
  const { branch, tag, message } = change;
  const head = (await findBranch(repository, branch))?.head;
  // Just created, it may not be everywhere yet; or somebody removed it, and the next look creates it again.
  if (head === undefined)
    throw new ServiceError("github", "unreachable", "none", `The branch ${branch} is not there`);
  const file = await readFile(repository, gitops.file, head);
  if (file.state === "failed") return file;
  const edit = replaceTag(file.text, gitops, tag);
  if (edit.state === "failed") return (await findCommit(repository, gitops, branch, tag)) ?? edit;

  const bytes = encodeText(edit.text);
  const answer = await ask(repository, "PUT /repos/{owner}/{repo}/contents/{path}", {
    path: gitops.file,
    branch,
    message,
    content: bytes.toString("base64"),
    sha: file.blob,
  });
  if (answer.status === 409)
    return settleConflict(repository, gitops, change, file.blob, answer.message);
  const { commit, content } = accept(answer, written);
  if (content.sha === blobId(bytes))
    return { state: "committed", head: commit.sha, from: edit.from };
  return bad(
    "change-unexpected",
    `GitHub stored other bytes than were sent, in ${commit.sha.slice(0, 7)}.`,
  );
}

/** The file is not what was read: an earlier try of ours was done after all, or somebody else wrote it. */
async function settleConflict(
  repository: Repository,
  gitops: GitOpsConfig,
  { branch, tag }: { readonly branch: string; readonly tag: string },
  blob: string,
  said: string,
): Promise<CommitState | Bad> {
  const ours = await findCommit(repository, gitops, branch, tag);
  if (ours !== undefined) return ours;
  const head = (await findBranch(repository, branch))?.head;
  const now = head === undefined ? undefined : await readFile(repository, gitops.file, head);
  if (now?.state === "file" && now.blob !== blob) {
    return bad("change-unexpected", `Somebody else wrote ${gitops.file} on ${branch}.`);
  }
  throw new ServiceError(
    "github",
    "unreachable",
    "none",
    `GitHub could not write ${branch}: ${said}`,
  );
}
