import { z } from "zod";
import type { Fault } from "../stand-in.ts";
import { type Api, notFound, readBody, Refusal, refusalBody } from "./api.ts";
import { baseWasModified, headWasModified, mergePull, type MergeWish } from "./merging.ts";
import { pullOf } from "./pulls.ts";
import type { PullRequest, PullRequests } from "./pull-requests.ts";
import type { BranchRules } from "./rules.ts";

export const wish = z.object({
  sha: z.string().nullish(),
  merge_method: z.enum(["merge", "squash", "rebase"]).nullish(),
  merge_action: z.enum(["default", "direct_merge", "merge_queue"]).nullish(),
  commit_title: z.string().nullish(),
  commit_message: z.string().nullish(),
});

export type Wish = z.infer<typeof wish>;

/** The transient 405 of the synchronous merge: only its words tell it from one that lasts. */
export function baseModifiedFault(number: number, times = 1): Fault {
  const body = JSON.stringify(refusalBody(baseWasModified, 405));
  const headers = { "content-type": "application/json; charset=utf-8" };
  return {
    method: "PUT",
    path: `/pulls/${number}/merge$`,
    times,
    answer: { status: 405, headers, body },
  };
}

/** Merges at once, and tells whether it was merged. */
export function addMergeRoutes(api: Api, pulls: PullRequests, rules: BranchRules): void {
  api.route("GET", "/pulls/:number/merge", async (request) => {
    if (pullOf(pulls, request).merge === undefined) throw notFound();
    return { status: 204 };
  });

  api.route("PUT", "/pulls/:number/merge", async (request) => {
    const pull = pullOf(pulls, request);
    const body = readBody(request, wish);
    if (rules.mergeQueue) throw new Refusal(405, "Changes must be made through the merge queue");
    if (pull.merge !== undefined) throw new Refusal(405, "Pull Request is not mergeable");
    const result = await mergePull(api, pulls, rules, pull, readWish(pull, body));
    switch (result.state) {
      case "merged":
        return {
          status: 200,
          json: { sha: result.sha, merged: true, message: "Pull Request successfully merged" },
        };
      case "moved":
        throw new Refusal(409, headWasModified);
      case "closed":
        throw new Refusal(405, "Pull Request is not mergeable");
      case "blocked":
      case "conflict":
        throw new Refusal(405, result.message);
    }
  });
}

export function readWish(pull: PullRequest, body: Wish): MergeWish {
  return {
    sha: body.sha ?? pull.headSha,
    method: body.merge_method ?? "merge",
    title: body.commit_title ?? undefined,
    message: body.commit_message ?? undefined,
  };
}
