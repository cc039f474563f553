import { project, repository } from "./organization.ts";
import type { SourceCommit } from "./source.ts";
import { workItemsOf } from "./work-items.ts";

/** A GitCommitRef; its work items only where they were asked for. */
export function commitOf(commit: SourceCommit, url: string, includeWorkItems = false): object {
  const author = { ...commit.author, date: commit.date.toISOString() };
  const [comment = ""] = commit.message.split("\n");
  return {
    commitId: commit.id,
    author,
    committer: author,
    // A list shows the first line only.
    comment,
    ...(comment === commit.message ? {} : { commentTruncated: true }),
    changeCounts: { Add: 0, Edit: 3, Delete: 0 },
    url: `${url}/${project.id}/_apis/git/repositories/${repository.id}/commits/${commit.id}`,
    remoteUrl: commitPage(commit, url),
    ...(includeWorkItems ? { workItems: workItemRefs(commit, url) } : {}),
  };
}

function workItemRefs(commit: SourceCommit, url: string): object[] {
  return workItemsOf(commit).map((id) => ({
    id: String(id),
    url: `${url}/_apis/wit/workItems/${id}`,
  }));
}

/** A whole GitCommit. */
export function commitDetailsOf(commit: SourceCommit, url: string): object {
  const api = `${url}/${project.id}/_apis/git/repositories/${repository.id}`;
  return {
    ...commitOf(commit, url),
    comment: commit.message,
    commentTruncated: undefined,
    treeId: commit.id.split("").toReversed().join(""),
    parents: commit.parent === undefined ? [] : [commit.parent],
    _links: {
      self: { href: `${api}/commits/${commit.id}` },
      web: { href: commitPage(commit, url) },
    },
  };
}

/** A Change of the Build API. */
export function changeOf(commit: SourceCommit, url: string): object {
  return {
    id: commit.id,
    message: commit.message,
    type: "TfsGit",
    author: { displayName: commit.author.name, uniqueName: commit.author.email },
    timestamp: commit.date.toISOString(),
    location: `${url}/${project.id}/_apis/git/repositories/${repository.id}/commits/${commit.id}`,
    displayUri: commitPage(commit, url),
  };
}

function commitPage(commit: SourceCommit, url: string): string {
  return `${url}/${project.name}/_git/${repository.name}/commit/${commit.id}`;
}
