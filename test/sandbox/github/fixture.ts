import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Octokit } from "@octokit/rest";
import { runGit } from "../../../sandbox/github/git.ts";
import {
  type GitHub,
  type GitHubOptions,
  sandboxToken,
  startGitHub,
} from "../../../sandbox/github/github.ts";
import { seedGitOps } from "../../../sandbox/github/seed.ts";
import { releasePath } from "../../../sandbox/github/seed-files.ts";

export const repo = { owner: "omnispatial", repo: "gitops" };
export const path = releasePath;

const seeded = await mkdtemp(join(tmpdir(), "omnibot-github-seed-"));
await seedGitOps(seeded);
afterAll(() => rm(seeded, { recursive: true, force: true }));

export interface Sandbox {
  readonly github: GitHub;
  readonly octokit: Octokit;
  readonly git: (...args: readonly string[]) => Promise<string>;
  close(): Promise<void>;
}

export async function startSandbox(options: Partial<GitHubOptions> = {}): Promise<Sandbox> {
  const folder = await mkdtemp(join(tmpdir(), "omnibot-github-"));
  await cp(seeded, folder, { recursive: true });
  const github = await startGitHub({ folder, speed: 100, ...options });
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const octokit = new Octokit({ baseUrl: github.url, auth: sandboxToken, log: quiet });
  return {
    github,
    octokit,
    git: async (...args) => (await runGit(github.gitDir, args)).stdout.toString("utf8").trim(),
    async close() {
      await github.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function readMain({ octokit }: Sandbox): Promise<string> {
  return (await octokit.git.getRef({ ...repo, ref: "heads/main" })).data.object.sha;
}

export async function readRelease({ octokit }: Sandbox, ref: string) {
  const { data } = await octokit.repos.getContent({ ...repo, path, ref });
  if (Array.isArray(data) || data.type !== "file") throw new Error("not a file");
  return { sha: data.sha, text: Buffer.from(data.content, "base64").toString("utf8") };
}

/** Branch, one-line commit and pull request, as omnibot makes them. */
export async function propose(sandbox: Sandbox, branch: string, tag: string) {
  const { octokit } = sandbox;
  const base = await readMain(sandbox);
  await octokit.git.createRef({ ...repo, ref: `refs/heads/${branch}`, sha: base });
  const { sha, text } = await readRelease(sandbox, branch);
  const edited = text.replace(/production-\d+/, tag);
  const written = await octokit.repos.createOrUpdateFileContents({
    ...repo,
    path,
    branch,
    sha,
    message: `Deploy ${tag}\n\nOmnibot-Deployment: d-1`,
    content: Buffer.from(edited).toString("base64"),
  });
  const opened = await octokit.pulls.create({
    ...repo,
    head: branch,
    base: "main",
    title: `Deploy ${tag}`,
    body: "Asked by Alex Wilber",
  });
  return { base, head: written.data.commit.sha ?? "", number: opened.data.number, text, edited };
}

/** What a refused request was answered. */
export async function refusal(
  request: Promise<unknown>,
): Promise<{ status: number; data: unknown }> {
  try {
    await request;
  } catch (error) {
    if (isRefusal(error)) return { status: error.status, data: error.response?.data };
    throw error;
  }
  throw new Error("it was not refused");
}

function isRefusal(error: unknown): error is { status: number; response?: { data: unknown } } {
  return error instanceof Error && "status" in error && typeof error.status === "number";
}

export async function mergeAsync({ octokit }: Sandbox, number: number, options: object = {}) {
  const route = "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge-async";
  return octokit.request(route, { ...repo, pull_number: number, ...options });
}

/** Asks until the merge is not pending any more. */
export async function awaitMerge(
  { octokit }: Sandbox,
  number: number,
  uuid: string | undefined,
): Promise<{ status: string; details: { message: string; sha?: string } }> {
  const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}/merge-async/{uuid}";
  for (let look = 0; look < 400; look += 1) {
    const { data } = await octokit.request(route, {
      ...repo,
      pull_number: number,
      uuid: uuid ?? "",
    });
    if (data.status !== "pending" && data.status !== "enqueued") return data;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error("the merge never ended");
}
