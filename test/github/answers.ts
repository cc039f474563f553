import type { GitOpsConfig } from "../../src/config/config.ts";
import type { ChangeEvidence } from "../../src/deployment/deployment.ts";
import type { GitOps } from "../../src/deployment/ports.ts";
import { blobId } from "../../src/github/bytes.ts";
import { createOctokit } from "../../src/github/client.ts";
import { createGitOps } from "../../src/github/gitops.ts";
import { production } from "../production.ts";
import { nock } from "../without-network.ts";

/** GitHub's answers, cut down to what tells them apart, for tests with nock. */

export const gitopsConfig: GitOpsConfig = production.gitops;

export const branch = "omnibot/7f3a";
export const mainHead = "a".repeat(40);
export const head = "b".repeat(40);
export const otherHead = "c".repeat(40);
export const mergeCommit = "d".repeat(40);

export const change: ChangeEvidence = {
  branch,
  head,
  pullRequest: 7,
  url: "https://github.com/omnispatial/gitops/pull/7",
  from: "production-40655",
  to: "production-40672",
};

export function release(tag: string): string {
  return `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: { name: omnispatial-web, namespace: omnispatial }
spec:
  values:
    image:
      tag: ${tag} # what runs
`;
}

export const root = "/repos/omnispatial/gitops";
export const contents = `${root}/contents/${encodeURIComponent(gitopsConfig.file)}`;

export function hub(): nock.Scope {
  return nock("https://api.github.com");
}

export function gitops(): GitOps {
  return createGitOps({
    octokit: createOctokit({ auth: { kind: "token", token: "ghp_secret" } }),
    gitops: gitopsConfig,
  });
}

export function ref(name: string): string {
  return `${root}/git/ref/${encodeURIComponent(`heads/${name}`)}`;
}

export function reference(sha: string): object {
  return { ref: "refs/heads/x", object: { type: "commit", sha } };
}

export function file(text: string | Buffer): object {
  const bytes = Buffer.from(text);
  // GitHub breaks the text into lines.
  const content = bytes.toString("base64").replaceAll(/.{60}/g, "$&\n");
  return { type: "file", sha: blobId(bytes), size: bytes.length, encoding: "base64", content };
}

export function commit(sha: string, message: string): object {
  return {
    sha,
    html_url: `https://github.com/omnispatial/gitops/commit/${sha}`,
    author: { login: "adele" },
    commit: { message, author: { name: "Adele" }, committer: { date: "2026-10-01T09:00:00Z" } },
  };
}

export function pull(changes: object = {}): object {
  return {
    number: 7,
    html_url: change.url,
    state: "open",
    merged: false,
    merged_at: null,
    mergeable: true,
    merge_commit_sha: otherHead,
    head: { ref: branch, sha: head },
    base: { ref: "main" },
    ...changes,
  };
}

export const mergedPull = pull({
  state: "closed",
  merged: true,
  merged_at: "2026-10-01T09:10:00Z",
  mergeable: null,
  merge_commit_sha: mergeCommit,
});

export function says(message: string): object {
  return { message, documentation_url: "https://docs.github.com/rest" };
}

/** A connection that closes after the request was read: nobody knows what it did. */
export const lost = Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" });
