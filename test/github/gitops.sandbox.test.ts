import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type GitHub, sandboxToken, startGitHub } from "../../sandbox/github/github.ts";
import type { ChangeEvidence } from "../../src/deployment/deployment.ts";
import type { GitOps, MergeState } from "../../src/deployment/ports.ts";
import { createOctokit } from "../../src/github/client.ts";
import { createGitOps } from "../../src/github/gitops.ts";
import { production } from "../production.ts";
import { troubleOf } from "../trouble.ts";

const { file } = production.gitops;
const branch = "omnibot/7f3a";
const tag = "production-40672";
/** Milliseconds: every test runs dozens of git processes, on machines that may be busy. */
const patience = 30_000;

let folder: string;
let github: GitHub;
let gitops: GitOps;

async function start(options: { readonly mergeAsync?: boolean } = {}): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), "omnibot-github-"));
  github = await startGitHub({ folder, speed: 100, ...options });
  const auth = { kind: "token", token: sandboxToken } as const;
  gitops = createGitOps({
    octokit: createOctokit({ auth, baseUrl: github.url }),
    gitops: production.gitops,
  });
}

afterEach(async () => {
  await github.close();
  await rm(folder, { recursive: true, force: true });
});

function git(...words: string[]): string {
  return execFileSync("git", ["--git-dir", github.gitDir, ...words], { encoding: "utf8" });
}

function calls(method: string): number {
  return github.journal.filter((entry) => entry.method === method).length;
}

async function open(): Promise<ChangeEvidence> {
  await gitops.createBranch(branch);
  const commit = await gitops.commitTag(branch, tag, "Deploy production to production-40672");
  if (commit.state === "failed") throw new Error(commit.detail);
  const { number, url } = await gitops.openPullRequest(branch, "Deploy", "Please");
  return { branch, head: commit.head, pullRequest: number, url, from: commit.from, to: tag };
}

/** Looks as a step does: finds, then asks again. GitHub finds a conflict out in the background, until then it only blocks. */
async function settle(change: ChangeEvidence, first: MergeState): Promise<MergeState> {
  let state = first;
  for (
    let look = 0;
    look < 100 && (state.state === "merging" || state.state === "blocked");
    look += 1
  ) {
    await delay(5);
    const request = state.state === "merging" ? state.request : undefined;
    state =
      (await gitops.findMerge(change, request)) ??
      (await gitops.merge(change, "Deploy", "Because"));
  }
  return state;
}

describe.each([
  ["with the asynchronous merge", {}],
  ["without it, as GitHub Enterprise Server", { mergeAsync: false }],
])("against a real Git repository, %s", (_, options) => {
  beforeEach(() => start(options), patience);

  test(
    "P9 a tag goes from a branch through a pull request to main, as one changed line",
    async () => {
      const before = await gitops.readTag();
      expect(before).toMatchObject({
        state: "read",
        tag: "production-40655",
        release: { name: "omnispatial-web" },
      });
      expect(await gitops.findBranch(branch)).toBeUndefined();
      expect(await gitops.findPullRequest(branch)).toBeUndefined();

      const change = await open();
      expect(change.from).toBe("production-40655");
      expect(await gitops.findCommit(branch, tag)).toEqual({
        state: "committed",
        head: change.head,
        from: change.from,
      });
      expect(await gitops.readPullRequest(change.pullRequest)).toMatchObject({
        state: "open",
        head: change.head,
        files: [{ path: file, additions: 1, deletions: 1 }],
      });
      expect(await gitops.findMerge(change, undefined)).toBeUndefined();

      const merge = await settle(
        change,
        await gitops.merge(change, "Deploy", "Approved-by: Adele"),
      );
      if (merge.state !== "merged") throw new Error(`it is ${merge.state}`);
      expect(git("rev-parse", "main").trim()).toBe(merge.commit);
      expect(git("log", "-1", "--format=%B", "main")).toContain("Approved-by: Adele");
      expect(git("diff", "--numstat", "main~1", "main").trim()).toBe(`1\t1\t${file}`);
      expect(await gitops.readTag()).toMatchObject({ tag, commit: { id: merge.commit } });
      await gitops.deleteBranch(branch);
      await gitops.deleteBranch(branch);
      expect(await gitops.findBranch(branch)).toBeUndefined();
      expect(await gitops.findPullRequest(branch)).toMatchObject({
        state: "merged",
        head: change.head,
      });
    },
    patience,
  );

  test(
    "P5 answers that are lost after their effect are found, and nothing is done twice",
    async () => {
      for (const path of ["/git/refs$", "/contents/", "/pulls$", "/merge"]) {
        github.faults.push({
          path,
          method: path === "/contents/" || path === "/merge" ? "PUT" : "POST",
          times: 1,
          reset: "after",
        });
      }
      expect(await troubleOf(gitops.createBranch(branch))).toMatchObject({ effect: "unknown" });
      expect(await gitops.findBranch(branch)).toBeDefined();
      expect(await troubleOf(gitops.commitTag(branch, tag, "Deploy"))).toMatchObject({
        effect: "unknown",
      });
      const commit = await gitops.findCommit(branch, tag);
      expect(commit).toMatchObject({ from: "production-40655" });
      expect(await troubleOf(gitops.openPullRequest(branch, "Deploy", "Please"))).toMatchObject({
        effect: "unknown",
      });
      const pull = await gitops.findPullRequest(branch);
      expect(pull).toMatchObject({ state: "open", head: commit?.head });

      const change = await open().catch(() => undefined);
      expect(change).toMatchObject({ pullRequest: pull?.number, head: commit?.head });
      if (change === undefined) return;
      expect(await troubleOf(gitops.merge(change, "Deploy", "x"))).toMatchObject({
        effect: "unknown",
      });
      expect(await settle(change, { state: "merging" })).toMatchObject({ state: "merged" });
      expect(git("rev-list", "--count", `${change.head}~1..main`).trim()).toBe("1");
    },
    patience,
  );

  test(
    "P7 a branch that somebody pushed to is not merged",
    async () => {
      const change = await open();
      const moved = await github.pushCommit({
        path: file,
        branch,
        message: "Mine",
        edit: (text) => `${text}# mine\n`,
      });
      const merge = await settle(change, await gitops.merge(change, "Deploy", "x"));
      expect(merge).toEqual({ state: "moved", head: moved });
      expect(await gitops.readTag()).toMatchObject({ tag: "production-40655" });
    },
    patience,
  );

  test(
    "P17 a line that somebody changed meanwhile is a conflict",
    async () => {
      const change = await open();
      const edit = (text: string) => text.replace("production-40655", "production-40641");
      await github.pushCommit({ path: file, message: "By hand", edit });
      const merge = await settle(change, await gitops.merge(change, "Deploy", "x"));
      expect(merge).toEqual({ state: "conflict" });
      expect(await gitops.readTag()).toMatchObject({
        tag: "production-40641",
        commit: { message: expect.stringContaining("By hand") },
      });
    },
    patience,
  );

  test(
    "a required check is waited for by name, and merged when it is there",
    async () => {
      github.rules.checks.set("lint", "pending");
      const change = await open();
      let merge = await gitops.merge(change, "Deploy", "x");
      for (let look = 0; look < 100 && merge.state === "merging"; look += 1) {
        await delay(5);
        merge = (await gitops.findMerge(change, merge.request)) ?? merge;
      }
      expect(merge).toEqual({
        state: "blocked",
        by: ['Required status check "lint" is expected.'],
        late: "merge-blocked-checks",
      });
      github.rules.checks.set("lint", "success");
      expect(await settle(change, merge)).toMatchObject({ state: "merged" });
    },
    patience,
  );

  test("reading changes nothing", async () => {
    await gitops.readTag();
    await gitops.findBranch(branch);
    await gitops.findCommit(branch, tag);
    await gitops.findPullRequest(branch);
    expect(calls("POST") + calls("PUT") + calls("DELETE")).toBe(0);
  });
});
