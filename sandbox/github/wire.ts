import { people } from "../people.ts";
import { type Address, encodePath } from "./address.ts";
import type { CommitRecord, FileChange } from "./history.ts";
import type { Entry } from "./repository.ts";

/** Objects as GitHub's API writes them (api.github.com, OpenAPI 23.0.2), with every property that it calls required. */

/** The account whose token the sandbox knows. */
export const omnibotAccount = {
  name: "omnibot[bot]",
  email: "186312771+omnibot[bot]@users.noreply.github.com",
};

/** Who commits what is written through the API. */
export const githubAccount = { name: "GitHub", email: "noreply@github.com" };

export function writeTime(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}

export function nodeId(kind: string, id: string | number): string {
  return Buffer.from(`${kind}:${id}`).toString("base64url");
}

export function writeUser(
  address: Address,
  login: string,
  type: "User" | "Bot" | "Organization" = "User",
) {
  const url = `${address.root}/users/${encodeURIComponent(login)}`;
  const id =
    10_000_000 + Buffer.from(login).reduce((sum, byte) => (sum * 31 + byte) % 90_000_000, 7);
  return {
    login,
    id,
    node_id: nodeId("User", id),
    avatar_url: `${address.root}/avatars/${id}`,
    gravatar_id: "",
    url,
    html_url: `${address.root}/${encodeURIComponent(login)}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type,
    site_admin: false,
  };
}

/** The account of a commit's author; null for an address that no account has. */
function writeAccount(
  address: Address,
  { name, email }: { readonly name: string; readonly email: string },
) {
  if (email === githubAccount.email) return writeUser(address, "web-flow");
  if (email === omnibotAccount.email) return writeUser(address, omnibotAccount.name, "Bot");
  if (people.some((person) => person.email === email))
    return writeUser(address, name.toLowerCase().replaceAll(" ", "-"));
  return null;
}

const repositoryId = 734_120_655;

const templates: Readonly<Record<string, string>> = {
  archive_url: "/{archive_format}{/ref}",
  assignees_url: "/assignees{/user}",
  blobs_url: "/git/blobs{/sha}",
  branches_url: "/branches{/branch}",
  collaborators_url: "/collaborators{/collaborator}",
  comments_url: "/comments{/number}",
  commits_url: "/commits{/sha}",
  compare_url: "/compare/{base}...{head}",
  contents_url: "/contents/{+path}",
  contributors_url: "/contributors",
  deployments_url: "/deployments",
  downloads_url: "/downloads",
  events_url: "/events",
  forks_url: "/forks",
  git_commits_url: "/git/commits{/sha}",
  git_refs_url: "/git/refs{/sha}",
  git_tags_url: "/git/tags{/sha}",
  hooks_url: "/hooks",
  issue_comment_url: "/issues/comments{/number}",
  issue_events_url: "/issues/events{/number}",
  issues_url: "/issues{/number}",
  keys_url: "/keys{/key_id}",
  labels_url: "/labels{/name}",
  languages_url: "/languages",
  merges_url: "/merges",
  milestones_url: "/milestones{/number}",
  notifications_url: "/notifications{?since,all,participating}",
  pulls_url: "/pulls{/number}",
  releases_url: "/releases{/id}",
  stargazers_url: "/stargazers",
  statuses_url: "/statuses/{sha}",
  subscribers_url: "/subscribers",
  subscription_url: "/subscription",
  tags_url: "/tags",
  teams_url: "/teams",
  trees_url: "/git/trees{/sha}",
};

export function writeRepository(address: Address, gitDir: string) {
  const urls = Object.entries(templates).map(([key, path]) => [key, address.api + path] as const);
  return {
    ...Object.fromEntries(urls),
    id: repositoryId,
    node_id: nodeId("Repository", repositoryId),
    name: address.repo,
    full_name: `${address.owner}/${address.repo}`,
    private: true,
    owner: writeUser(address, address.owner, "Organization"),
    html_url: address.html,
    description: "What runs in the Operations cluster",
    fork: false,
    url: address.api,
    git_url: `git://${address.owner}.example/${address.repo}.git`,
    ssh_url: `git@${address.owner}.example:${address.owner}/${address.repo}.git`,
    clone_url: gitDir,
    svn_url: address.html,
    mirror_url: null,
    homepage: null,
    license: null,
    language: null,
    forks: 0,
    forks_count: 0,
    stargazers_count: 0,
    watchers: 0,
    watchers_count: 0,
    size: 24,
    default_branch: "main",
    open_issues: 0,
    open_issues_count: 0,
    has_issues: true,
    has_projects: false,
    has_wiki: false,
    has_pages: false,
    has_downloads: true,
    archived: false,
    disabled: false,
    visibility: "private",
    allow_squash_merge: true,
    allow_merge_commit: true,
    allow_rebase_merge: true,
    allow_auto_merge: false,
    delete_branch_on_merge: false,
    permissions: { admin: false, maintain: false, push: true, triage: true, pull: true },
    pushed_at: writeTime(Date.now()),
    created_at: "2024-02-12T09:14:07Z",
    updated_at: "2026-03-02T16:40:51Z",
  };
}

export function writeCommit(address: Address, commit: CommitRecord) {
  const url = `${address.api}/commits/${commit.sha}`;
  const signed = commit.committer.email === githubAccount.email;
  return {
    url,
    sha: commit.sha,
    node_id: nodeId("Commit", commit.sha),
    html_url: `${address.html}/commit/${commit.sha}`,
    comments_url: `${url}/comments`,
    commit: writeGitCommit(address, commit, signed),
    author: writeAccount(address, commit.author),
    committer: writeAccount(address, commit.committer),
    parents: writeParents(address, commit),
  };
}

function writeGitCommit(address: Address, commit: CommitRecord, signed: boolean) {
  return {
    url: `${address.api}/git/commits/${commit.sha}`,
    author: {
      name: commit.author.name,
      email: commit.author.email,
      date: writeTime(commit.author.at),
    },
    committer: {
      name: commit.committer.name,
      email: commit.committer.email,
      date: writeTime(commit.committer.at),
    },
    message: commit.message,
    comment_count: 0,
    tree: { sha: commit.tree, url: `${address.api}/git/trees/${commit.tree}` },
    verification: {
      verified: signed,
      reason: signed ? "valid" : "unsigned",
      signature: signed
        ? "-----BEGIN PGP SIGNATURE-----\n(sandbox)\n-----END PGP SIGNATURE-----"
        : null,
      payload: null,
      verified_at: signed ? writeTime(commit.committer.at) : null,
    },
  };
}

function writeParents(address: Address, commit: CommitRecord) {
  return commit.parents.map((sha) => ({
    sha,
    url: `${address.api}/commits/${sha}`,
    html_url: `${address.html}/commit/${sha}`,
  }));
}

/** The commit in the answer of a contents write. */
export function writeFileCommit(address: Address, commit: CommitRecord) {
  const signed = commit.committer.email === githubAccount.email;
  return {
    ...writeGitCommit(address, commit, signed),
    sha: commit.sha,
    node_id: nodeId("Commit", commit.sha),
    html_url: `${address.html}/commit/${commit.sha}`,
    parents: writeParents(address, commit),
  };
}

/** A path without its content; `ref` is the branch or commit that was asked for. */
export function writeEntry(address: Address, entry: Entry, ref: string, size: number) {
  const path = encodePath(entry.path);
  const type = entry.type === "blob" ? "file" : entry.type === "tree" ? "dir" : "submodule";
  const url = `${address.api}/contents/${path}?ref=${encodeURIComponent(ref)}`;
  const git = `${address.api}/git/${entry.type === "tree" ? "trees" : "blobs"}/${entry.sha}`;
  const html = `${address.html}/${entry.type === "tree" ? "tree" : "blob"}/${encodePath(ref)}/${path}`;
  return {
    type,
    size,
    name: entry.path.slice(entry.path.lastIndexOf("/") + 1),
    path: entry.path,
    sha: entry.sha,
    url,
    git_url: git,
    html_url: html,
    download_url: entry.type === "blob" ? `${address.html}/raw/${encodePath(ref)}/${path}` : null,
    _links: { self: url, git, html },
  };
}

export function writeFile(address: Address, entry: Entry, ref: string, content: Buffer) {
  // GitHub breaks its base64 after 60 characters.
  const lines = content.toString("base64").replaceAll(/.{1,60}/g, "$&\n");
  return { ...writeEntry(address, entry, ref, content.length), encoding: "base64", content: lines };
}

export function writeChange(address: Address, change: FileChange, head: string) {
  const path = encodePath(change.path);
  return {
    sha: change.sha,
    filename: change.path,
    status: change.status,
    additions: change.additions,
    deletions: change.deletions,
    changes: change.additions + change.deletions,
    blob_url: `${address.html}/blob/${head}/${path}`,
    raw_url: `${address.html}/raw/${head}/${path}`,
    contents_url: `${address.api}/contents/${path}?ref=${head}`,
    ...(change.patch === undefined ? {} : { patch: change.patch }),
  };
}
