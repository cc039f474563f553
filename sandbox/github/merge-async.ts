import { randomUUID } from "node:crypto";
import type { StandInAnswer } from "../stand-in.ts";
import { type Api, notFound, param, readBody } from "./api.ts";
import { readWish, wish } from "./merge-routes.ts";
import { mergePull, type MergeResult, type MergeWish } from "./merging.ts";
import { pullOf } from "./pulls.ts";
import { isOpen, type PullRequest, type PullRequests } from "./pull-requests.ts";
import type { BranchRules } from "./rules.ts";

/** A merge that was asked for and happens in the background. */
interface MergeRequest {
  readonly uuid: string;
  readonly pull: number;
  readonly wish: MergeWish;
  readonly method: MergeMethodAsked;
  readonly action: "default" | "direct_merge" | "merge_queue";
  outcome: "pending" | "enqueued" | MergeResult;
}

type MergeMethodAsked = "default" | MergeWish["method"];

export interface MergeOptions {
  /** Milliseconds until an accepted merge happens. */
  readonly delay: number;
  readonly closing: AbortSignal;
}

/** Merges in the background; each pull request has one request at most that is not answered yet. */
export function addMergeAsyncRoutes(
  api: Api,
  pulls: PullRequests,
  rules: BranchRules,
  options: MergeOptions,
): void {
  const requests: MergeRequest[] = [];

  api.route("PUT", "/pulls/:number/merge-async", async (request) => {
    const pull = pullOf(pulls, request);
    const body = readBody(request, wish);
    const answered = answerAtOnce(pull, requests);
    if (answered !== undefined) return answered;
    const made: MergeRequest = {
      uuid: randomUUID(),
      pull: pull.number,
      wish: readWish(pull, body),
      method: body.merge_method ?? "default",
      action: body.merge_action ?? "default",
      outcome: "pending",
    };
    requests.push(made);
    void carryOut(api, pulls, rules, options, pull, made);
    return { status: 202, json: writePending(made, "Merge request enqueued.") };
  });

  api.route("GET", "/pulls/:number/merge-async/:uuid", async (request) => {
    const pull = pullOf(pulls, request);
    const found = requests.find(
      (one) => one.uuid === param(request, "uuid") && one.pull === pull.number,
    );
    if (found === undefined) throw notFound();
    return { status: 200, json: writeOutcome(found) };
  });
}

function answerAtOnce(
  pull: PullRequest,
  requests: readonly MergeRequest[],
): StandInAnswer | undefined {
  const say = (status: number, state: string, message: string, sha?: string) => ({
    status,
    json: { status: state, details: { message, ...(sha === undefined ? {} : { sha }) } },
  });
  if (pull.merge !== undefined)
    return say(200, "merged", "Pull request is already merged.", pull.merge.sha);
  if (!isOpen(pull)) return say(400, "failed", "Pull request is closed.");
  if (pull.draft) return say(400, "failed", "Pull request is still a draft.");
  const mine = requests.filter((one) => one.pull === pull.number);
  if (mine.some((one) => one.outcome === "enqueued")) {
    return say(200, "enqueued", "Pull request is already in the merge queue.");
  }
  const pending = mine.find((one) => one.outcome === "pending");
  if (pending === undefined) return undefined;
  return {
    status: 409,
    json: writePending(pending, "A merge request already exists for this pull request."),
  };
}

async function carryOut(
  api: Api,
  pulls: PullRequests,
  rules: BranchRules,
  options: MergeOptions,
  pull: PullRequest,
  request: MergeRequest,
): Promise<void> {
  try {
    await pause(options);
    if (
      rules.mergeQueue &&
      request.action !== "direct_merge" &&
      pull.headSha === request.wish.sha
    ) {
      request.outcome = "enqueued";
      await pause(options);
    }
    if (!options.closing.aborted)
      request.outcome = await mergePull(api, pulls, rules, pull, request.wish);
  } catch (error) {
    request.outcome = {
      state: "blocked",
      message: error instanceof Error ? error.message : String(error),
    };
  }
}

function pause({ delay, closing }: MergeOptions): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, delay);
    closing.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function writePending(request: MergeRequest, message: string) {
  const { uuid, method, action, wish: asked } = request;
  const details = {
    message,
    uuid,
    merge_method: method,
    merge_action: action,
    expected_head_sha: asked.sha,
  };
  return { status: "pending", details };
}

function writeOutcome(request: MergeRequest) {
  const { outcome } = request;
  if (outcome === "pending") return writePending(request, "Merge request is in progress.");
  if (outcome === "enqueued") {
    return { status: "enqueued", details: { message: "Pull request is in the merge queue." } };
  }
  if (outcome.state === "merged") {
    return { status: "merged", details: { message: "Pull request was merged.", sha: outcome.sha } };
  }
  return { status: "failed", details: { message: outcome.message } };
}
