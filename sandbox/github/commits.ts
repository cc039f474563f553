import { createHash } from "node:crypto";
import { type Api, linkNext, notFound, param, readPage, Refusal } from "./api.ts";
import { countCommits, readChanges, readCommit, readLog, readMergeBase } from "./history.ts";
import { nodeId, writeChange, writeCommit } from "./wire.ts";
import type { BranchRules } from "./rules.ts";

const maxCompared = 250;

/** History, comparisons, and what is known about a commit. */
export function addCommitRoutes(api: Api, rules: BranchRules): void {
  const { repository } = api;

  api.route("GET", "/commits", async (request) => {
    const { limit, page, skip } = readPage(request);
    const start = await repository.resolve(request.query.get("sha") ?? "main");
    if (start === undefined) throw notFound();
    const path = request.query.get("path") ?? undefined;
    const commits = await readLog(repository, start, { path, limit: limit + 1, skip });
    const json = commits.slice(0, limit).map((commit) => writeCommit(api.address, commit));
    const more = commits.length > limit;
    const etag = `W/"${createHash("sha256").update(JSON.stringify(json)).digest("hex")}"`;
    if (request.headers["if-none-match"] === etag) return { status: 304, headers: { etag } };
    const next = more ? linkNext(api.address.root, request, page) : {};
    return { status: 200, json, headers: { ...next, etag } };
  });

  api.route("GET", "/commits/*ref/check-runs", async (request) => {
    const sha = await commitOf(api, param(request, "ref"));
    const check_runs = [...rules.checks].map(([name, state], i) => ({
      id: 9000 + i,
      node_id: nodeId("CheckRun", 9000 + i),
      name,
      head_sha: sha,
      external_id: "",
      url: `${api.address.api}/check-runs/${9000 + i}`,
      html_url: `${api.address.html}/runs/${9000 + i}`,
      details_url: `${api.address.html}/runs/${9000 + i}`,
      status: state === "pending" ? "in_progress" : "completed",
      conclusion: state === "pending" ? null : state,
      started_at: null,
      completed_at: null,
      output: {
        title: null,
        summary: null,
        text: null,
        annotations_count: 0,
        annotations_url: api.address.api,
      },
      check_suite: null,
      app: null,
      pull_requests: [],
    }));
    return { status: 200, json: { total_count: check_runs.length, check_runs } };
  });

  api.route("GET", "/commits/*ref", async (request) => {
    const sha = await commitOf(api, param(request, "ref"));
    const commit = await readCommit(repository, sha);
    const files = await readChanges(repository, commit.parents[0], sha);
    const additions = files.reduce((sum, file) => sum + file.additions, 0);
    const deletions = files.reduce((sum, file) => sum + file.deletions, 0);
    const stats = { additions, deletions, total: additions + deletions };
    const written = files.map((file) => writeChange(api.address, file, sha));
    return { status: 200, json: { ...writeCommit(api.address, commit), stats, files: written } };
  });

  api.route("GET", "/compare/*basehead", async (request) => {
    const [base, head, ...rest] = param(request, "basehead").split("...");
    if (base === undefined || head === undefined || rest.length > 0) throw notFound();
    return { status: 200, json: await compare(api, base, head) };
  });
}

async function commitOf(api: Api, ref: string): Promise<string> {
  const sha = await api.repository.resolve(ref);
  if (sha === undefined) throw new Refusal(422, `No commit found for SHA: ${ref}`);
  return sha;
}

async function compare(api: Api, baseName: string, headName: string) {
  const { repository, address } = api;
  const base = await repository.resolve(ownBranch(address.owner, baseName));
  const head = await repository.resolve(ownBranch(address.owner, headName));
  if (base === undefined || head === undefined) throw notFound();
  const ancestor = await readMergeBase(repository, base, head);
  if (ancestor === undefined)
    throw new Refusal(404, `No common ancestor between ${baseName} and ${headName}.`);
  const ahead = await countCommits(repository, `${ancestor}..${head}`);
  const behind = await countCommits(repository, `${ancestor}..${base}`);
  const commits = await readLog(repository, `${ancestor}..${head}`, { limit: maxCompared });
  const files = await readChanges(repository, ancestor, head);
  const page = `${address.html}/compare/${encodeURIComponent(baseName)}...${encodeURIComponent(headName)}`;
  return {
    url: `${address.api}/compare/${baseName}...${headName}`,
    html_url: page,
    permalink_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    base_commit: writeCommit(address, await readCommit(repository, base)),
    merge_base_commit: writeCommit(address, await readCommit(repository, ancestor)),
    status: ahead > 0 ? (behind > 0 ? "diverged" : "ahead") : behind > 0 ? "behind" : "identical",
    ahead_by: ahead,
    behind_by: behind,
    total_commits: ahead,
    commits: commits.toReversed().map((commit) => writeCommit(address, commit)),
    files: files.map((file) => writeChange(address, file, head)),
  };
}

/** `owner:branch` may be written for a branch of the repository itself. */
export function ownBranch(owner: string, name: string): string {
  return name.startsWith(`${owner}:`) ? name.slice(owner.length + 1) : name;
}
