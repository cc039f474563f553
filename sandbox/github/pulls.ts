import { z } from "zod";
import type { StandInRequest } from "../stand-in.ts";
import { type Api, invalid, linkNext, notFound, param, readBody, readPage } from "./api.ts";
import { ownBranch } from "./commits.ts";
import { countCommits, readChanges } from "./history.ts";
import { isOpen, type PullRequest, type PullRequests } from "./pull-requests.ts";
import type { BranchRules } from "./rules.ts";
import {
  nodeId,
  omnibotAccount,
  writeChange,
  writeRepository,
  writeTime,
  writeUser,
} from "./wire.ts";

const newPull = z.object({
  title: z.string(),
  head: z.string(),
  base: z.string(),
  body: z.string().nullish(),
  draft: z.boolean().optional(),
});

const pullChange = z.object({
  title: z.string().optional(),
  body: z.string().nullish(),
  state: z.enum(["open", "closed"]).optional(),
});

/** Opens, lists, reads and closes pull requests. */
export function addPullRoutes(api: Api, pulls: PullRequests, rules: BranchRules): void {
  api.route("POST", "/pulls", async (request) => {
    const body = readBody(request, newPull);
    const pull = await api.repository.alone(() => openPull(api, pulls, body));
    const json = await writePull(api, pulls, rules, pull);
    return { status: 201, json, headers: { location: json.url } };
  });

  api.route("GET", "/pulls", async (request) => {
    const { limit, page, skip } = readPage(request);
    const found = pulls.list().filter((pull) => matches(api, pull, request.query));
    const json = found.slice(skip, skip + limit).map((pull) => writeSimplePull(api, pull));
    const more = found.length > skip + limit;
    return { status: 200, json, headers: more ? linkNext(api.address.root, request, page) : {} };
  });

  api.route("GET", "/pulls/:number", async (request) => ({
    status: 200,
    json: await writePull(api, pulls, rules, pullOf(pulls, request)),
  }));

  api.route("PATCH", "/pulls/:number", async (request) => {
    const pull = pullOf(pulls, request);
    const { title, body, state } = readBody(request, pullChange);
    if (title !== undefined) pull.title = title;
    if (body !== undefined) pull.body = body;
    if (state === "closed") pulls.close(pull);
    if (state === "open" && !isOpen(pull)) {
      if (pull.merge !== undefined || (await api.repository.head(pull.head)) === undefined) {
        throw invalid({
          resource: "PullRequest",
          code: "invalid",
          field: "state",
          message: "state cannot be changed.",
        });
      }
      pull.closedAt = undefined;
    }
    pull.updatedAt = Date.now();
    return { status: 200, json: await writePull(api, pulls, rules, pull) };
  });

  api.route("GET", "/pulls/:number/files", async (request) => {
    const pull = pullOf(pulls, request);
    const { limit, page, skip } = readPage(request);
    const changes = await readChanges(api.repository, await pulls.base(pull), pull.headSha);
    const json = changes
      .slice(skip, skip + limit)
      .map((change) => writeChange(api.address, change, pull.headSha));
    const more = changes.length > skip + limit;
    return { status: 200, json, headers: more ? linkNext(api.address.root, request, page) : {} };
  });
}

async function openPull(
  api: Api,
  pulls: PullRequests,
  body: z.infer<typeof newPull>,
): Promise<PullRequest> {
  const { repository, address } = api;
  const head = ownBranch(address.owner, body.head);
  const { base } = body;
  const headSha = await repository.head(head);
  if (headSha === undefined)
    throw invalid({ resource: "PullRequest", field: "head", code: "invalid" });
  const baseSha = await repository.head(base);
  if (baseSha === undefined)
    throw invalid({ resource: "PullRequest", field: "base", code: "invalid" });
  const refuse = (message: string) => invalid({ resource: "PullRequest", code: "custom", message });
  if (pulls.findOpen(head, base) !== undefined) {
    throw refuse(`A pull request already exists for ${address.owner}:${head}.`);
  }
  if ((await countCommits(repository, `${baseSha}..${headSha}`)) === 0) {
    throw refuse(`No commits between ${base} and ${head}`);
  }
  const { title, draft = false } = body;
  return pulls.create({ title, body: body.body ?? null, head, base, headSha, baseSha, draft });
}

function matches(api: Api, pull: PullRequest, query: URLSearchParams): boolean {
  const state = query.get("state") ?? "open";
  if (state !== "all" && (state === "open") !== isOpen(pull)) return false;
  const head = query.get("head");
  // GitHub ignores a head without its owner.
  if (head !== null && head.includes(":") && head !== `${api.address.owner}:${pull.head}`)
    return false;
  const base = query.get("base");
  return base === null || base === pull.base;
}

export function pullOf(pulls: PullRequests, request: StandInRequest): PullRequest {
  const pull = pulls.get(Number(param(request, "number")));
  if (pull === undefined) throw notFound();
  return pull;
}

function writeSimplePull({ address, repository }: Api, pull: PullRequest) {
  const url = `${address.api}/pulls/${pull.number}`;
  const html = `${address.html}/pull/${pull.number}`;
  const issue = `${address.api}/issues/${pull.number}`;
  const statuses = `${address.api}/statuses/${pull.headSha}`;
  const owner = writeUser(address, address.owner, "Organization");
  const repo = writeRepository(address, repository.dir);
  const side = (ref: string, sha: string) => ({
    label: `${address.owner}:${ref}`,
    ref,
    sha,
    user: owner,
    repo,
  });
  return {
    url,
    id: 2_100_000_000 + pull.number,
    node_id: nodeId("PullRequest", pull.number),
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: issue,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${address.api}/pulls/comments{/number}`,
    comments_url: `${issue}/comments`,
    statuses_url: statuses,
    number: pull.number,
    state: isOpen(pull) ? "open" : "closed",
    locked: false,
    title: pull.title,
    user: writeUser(address, omnibotAccount.name, "Bot"),
    body: pull.body,
    labels: [],
    milestone: null,
    active_lock_reason: null,
    created_at: writeTime(pull.createdAt),
    updated_at: writeTime(pull.updatedAt),
    closed_at: pull.closedAt === undefined ? null : writeTime(pull.closedAt),
    merged_at: pull.merge === undefined ? null : writeTime(pull.merge.at),
    merge_commit_sha: pull.merge?.sha ?? null,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    head: side(pull.head, pull.headSha),
    base: side(pull.base, pull.baseSha),
    _links: {
      self: { href: url },
      html: { href: html },
      issue: { href: issue },
      comments: { href: `${issue}/comments` },
      review_comments: { href: `${url}/comments` },
      review_comment: { href: `${address.api}/pulls/comments{/number}` },
      commits: { href: `${url}/commits` },
      statuses: { href: statuses },
    },
    author_association: "CONTRIBUTOR" as const,
    auto_merge: null,
    draft: pull.draft,
  };
}

async function writePull(api: Api, pulls: PullRequests, rules: BranchRules, pull: PullRequest) {
  const base = await pulls.base(pull);
  const changes = await readChanges(api.repository, base, pull.headSha);
  const open = isOpen(pull);
  const answer = open ? await pulls.mergeable(pull) : "unknown";
  const mergeable = answer === "unknown" ? null : answer === "clean";
  const blocked = mergeable === true && rules.refusal(pull.base) !== undefined;
  const draft = mergeable === true && pull.draft;
  return {
    ...writeSimplePull(api, pull),
    merged: pull.merge !== undefined,
    mergeable,
    rebaseable: mergeable,
    mergeable_state: draft ? "draft" : blocked ? "blocked" : answer,
    merged_by: pull.merge === undefined ? null : writeUser(api.address, omnibotAccount.name, "Bot"),
    comments: 0,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: await countCommits(api.repository, `${base}..${pull.headSha}`),
    additions: changes.reduce((sum, change) => sum + change.additions, 0),
    deletions: changes.reduce((sum, change) => sum + change.deletions, 0),
    changed_files: changes.length,
  };
}
