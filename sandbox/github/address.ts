/** Addresses of the one repository that the sandbox has. */
export interface Address {
  readonly owner: string;
  readonly repo: string;
  /** For people: `{url}/omnispatial/gitops`. */
  readonly html: string;
  /** For programs: `{url}/repos/omnispatial/gitops`. */
  readonly api: string;
  readonly root: string;
}

export function makeAddress(root: string): Address {
  const [owner, repo] = ["omnispatial", "gitops"];
  return {
    owner,
    repo,
    root,
    html: `${root}/${owner}/${repo}`,
    api: `${root}/repos/${owner}/${repo}`,
  };
}

/** Encodes each segment of a path or of a branch name, and leaves the slashes. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
