import { z } from "zod";

/** The fields of GitHub's answers that omnibot uses. Others may come and go. */

export const commitId = z.string().regex(/^[0-9a-f]{40}$/);

const webAddress = z.url({ protocol: /^https?$/ });

export const reference = z.object({ object: z.object({ sha: commitId }) });

export const commits = z.array(
  z.object({
    sha: commitId,
    html_url: webAddress,
    author: z.object({ login: z.string() }).nullish(),
    commit: z.object({
      message: z.string(),
      author: z.object({ name: z.string() }).nullish(),
      committer: z.object({ date: z.iso.datetime({ offset: true }) }),
    }),
  }),
);

export const comparison = z.object({
  ahead_by: z.int().nonnegative(),
  merge_base_commit: z.object({ sha: commitId }),
});

/** What the head of a comparison has and its base has not. */
export const changes = z.object({
  total_commits: z.int().nonnegative(),
  html_url: webAddress,
  commits,
});

/** How the head of a comparison stands to its base. */
export const standing = z.object({ status: z.enum(["identical", "ahead", "behind", "diverged"]) });

export const file = z.object({
  type: z.string(),
  sha: commitId,
  size: z.int().nonnegative(),
  // A symbolic link or a submodule has neither.
  encoding: z.string().optional(),
  content: z.string().default(""),
});

export const written = z.object({
  content: z.object({ sha: commitId }),
  commit: z.object({ sha: commitId }),
});

const pullRequest = z.object({
  number: z.int().positive(),
  html_url: webAddress,
  state: z.enum(["open", "closed"]),
  merged_at: z.string().nullish(),
  head: z.object({ ref: z.string(), sha: commitId }),
  base: z.object({ ref: z.string() }),
});

export const pullRequests = z.array(pullRequest);

export const createdPullRequest = pullRequest;

/** Only the single pull request says whether it can be merged; null while GitHub is still finding out. */
export const fullPullRequest = pullRequest.extend({
  merged: z.boolean(),
  mergeable: z.boolean().nullish(),
  merge_commit_sha: commitId.nullish(),
});

export type PullRequestAnswer = z.output<typeof pullRequest>;
export type FullPullRequest = z.output<typeof fullPullRequest>;

export const changedFiles = z.array(
  z.object({
    filename: z.string(),
    additions: z.int().nonnegative(),
    deletions: z.int().nonnegative(),
  }),
);

/** What the asynchronous merge says of itself; `enqueued` waits in a merge queue. */
export const asyncMerge = z.object({
  status: z.enum(["pending", "enqueued", "merged", "failed"]),
  details: z.object({
    message: z.string().optional(),
    uuid: z.string().optional(),
    sha: commitId.optional(),
    expected_head_sha: commitId.optional(),
  }),
});

export type AsyncMerge = z.output<typeof asyncMerge>;

export const syncMerge = z.object({ sha: commitId, merged: z.literal(true) });
