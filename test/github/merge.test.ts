import { troubleOf } from "../trouble.ts";
import { withoutNetwork } from "../without-network.ts";
import * as given from "./answers.ts";

const { change, gitops, head, hub, mergeCommit, otherHead, root } = given;

const asyncPath = `${root}/pulls/7/merge-async`;
const syncPath = `${root}/pulls/7/merge`;
const uuid = "630b9d5e-3f2a-4f7e-8b0c-2d5f9a8c1e42";
const merged = {
  state: "merged",
  commit: mergeCommit,
  url: `https://github.com/omnispatial/gitops/commit/${mergeCommit}`,
};
const pending = {
  status: "pending",
  details: { message: "Merge request enqueued.", uuid, expected_head_sha: head },
};
const asked = {
  sha: head,
  merge_method: "squash",
  commit_title: "Deploy",
  commit_message: "Approved-by: Adele",
};

const merge = () => gitops().merge(change, "Deploy", "Approved-by: Adele");

withoutNetwork({ allAsked: true });

function pullIs(answer: object): void {
  hub().get(`${root}/pulls/7`).reply(200, answer);
}

function failed(message: string): object {
  return { status: "failed", details: { message } };
}

describe("the asynchronous merge", () => {
  test("P7 it is asked for at exactly our head, with the title and message of the deployment", async () => {
    hub()
      .put(asyncPath, { ...asked, merge_action: "default" })
      .reply(202, pending);
    expect(await merge()).toEqual({ state: "merging", request: uuid });
  });

  test("P4 asked for again it answers with the request that is under way", async () => {
    hub().put(asyncPath).reply(409, pending);
    expect(await merge()).toEqual({ state: "merging", request: uuid });
  });

  test("P7 a request of somebody else for another head is not ours", async () => {
    const details = { ...pending.details, expected_head_sha: otherHead };
    hub()
      .put(asyncPath)
      .reply(409, { ...pending, details });
    expect(await merge()).toEqual({ state: "moved", head: otherHead });
  });

  test("P5 merged already is found, not repeated", async () => {
    hub()
      .put(asyncPath)
      .reply(200, { status: "merged", details: { message: "Merged.", sha: mergeCommit } });
    pullIs(given.mergedPull);
    expect(await merge()).toEqual(merged);
  });

  test("P7 merged already, but at another head, is told", async () => {
    hub()
      .put(asyncPath)
      .reply(200, { status: "merged", details: { sha: mergeCommit } });
    pullIs({ ...given.mergedPull, head: { ref: given.branch, sha: otherHead } });
    expect(await merge()).toEqual({ state: "moved", head: otherHead });
  });

  test("a merge queue is waited for", async () => {
    hub()
      .put(asyncPath)
      .reply(200, { status: "enqueued", details: { message: "In the queue." } });
    expect(await merge()).toEqual({ state: "merging" });
  });

  test.each([
    ["a closed pull request", given.pull({ state: "closed" }), { state: "closed" }],
    ["a merged one", given.mergedPull, merged],
    ["a conflict", given.pull({ mergeable: false }), { state: "conflict" }],
    ["a draft", given.pull(), { state: "blocked", by: ["Pull request is a draft."] }],
  ])("refused at once, the pull request says why: %s", async (_, answer, expected) => {
    hub().put(asyncPath).reply(400, failed("Pull request is a draft."));
    pullIs(answer);
    expect(await merge()).toEqual(expected);
  });

  test("a head that moved is told when GitHub finds the wish invalid", async () => {
    hub().put(asyncPath).reply(422, given.says("Validation Failed"));
    pullIs(given.pull({ head: { ref: given.branch, sha: otherHead } }));
    expect(await merge()).toEqual({ state: "moved", head: otherHead });
  });

  test("P5 a lost answer leaves the merge in doubt", async () => {
    hub().put(asyncPath).replyWithError(given.lost);
    expect(await troubleOf(merge())).toMatchObject({
      trouble: "unreachable",
      effect: "unknown",
    });
  });

  test("P5 what follows an accepted merge cannot make it undone", async () => {
    hub()
      .put(asyncPath)
      .reply(200, { status: "merged", details: { sha: mergeCommit } });
    hub().get(`${root}/pulls/7`).reply(429, given.says("Slow down"), { "retry-after": "7" });
    expect(await troubleOf(merge())).toMatchObject({
      trouble: "throttled",
      effect: "unknown",
      retryAfter: 7000,
    });
  });

  test("no permission is denied", async () => {
    hub().put(asyncPath).reply(403, given.says("Resource not accessible by integration"));
    expect(await troubleOf(merge())).toMatchObject({ trouble: "denied", effect: "none" });
  });
});

describe("where the asynchronous merge is missing", () => {
  beforeEach(() => void hub().put(asyncPath).reply(404, given.says("Not Found")));

  test("P7 it merges at once, at exactly our head", async () => {
    hub().put(syncPath, asked).reply(200, { sha: mergeCommit, merged: true, message: "Merged" });
    expect(await merge()).toEqual(merged);
  });

  test("a base that moved meanwhile is tried again", async () => {
    hub()
      .put(syncPath)
      .reply(405, given.says("Base branch was modified. Review and try the merge again."));
    pullIs(given.pull());
    expect(await merge()).toEqual({ state: "merging" });
  });

  test("the rules that forbid it are listed", async () => {
    const rules =
      'Repository rule violations found\n\nAt least 1 approving review is required.\n\nRequired status check "lint" is expected.\n';
    hub().put(syncPath).reply(405, given.says(rules));
    pullIs(given.pull());
    expect(await merge()).toEqual({
      state: "blocked",
      by: ["At least 1 approving review is required.", 'Required status check "lint" is expected.'],
      late: "merge-blocked-checks",
    });
  });

  test.each([
    [
      "At least 1 approving review is required by reviewers with write access.",
      "merge-blocked-review",
    ],
    ["Waiting on code owner review from omnispatial/platform.", "merge-blocked-review"],
    ['Required status check "lint" is failing.', "merge-blocked-checks"],
    ["2 of 3 required status checks have not succeeded: 1 expected.", "merge-blocked-checks"],
    ["You're not authorized to push to this branch.", "merge-not-permitted"],
    ["Cannot update this protected ref.", "merge-not-permitted"],
    ["Changes must be made through the merge queue", undefined],
  ])("who can do something about it is told apart: %s", async (message, late) => {
    hub().put(syncPath).reply(405, given.says(message));
    pullIs(given.pull());
    expect(await merge()).toEqual({
      state: "blocked",
      by: [message],
      ...(late === undefined ? {} : { late }),
    });
  });

  test("P5 merged by an earlier try, or by hand, is merged", async () => {
    hub().put(syncPath).reply(405, given.says("Pull Request is not mergeable"));
    pullIs(given.mergedPull);
    expect(await merge()).toEqual(merged);
  });

  test("P7 another head is not merged", async () => {
    hub()
      .put(syncPath)
      .reply(409, given.says("Head branch was modified. Review and try the merge again."));
    pullIs(given.pull({ head: { ref: given.branch, sha: otherHead } }));
    expect(await merge()).toEqual({ state: "moved", head: otherHead });
  });

  test("a head that GitHub does not see everywhere yet is tried again", async () => {
    hub()
      .put(syncPath)
      .reply(409, given.says("Head branch was modified. Review and try the merge again."));
    pullIs(given.pull());
    expect(await merge()).toEqual({ state: "merging" });
  });

  test("P5 a lost answer leaves the merge in doubt", async () => {
    hub().put(syncPath).reply(502, "<html>");
    expect(await troubleOf(merge())).toMatchObject({
      trouble: "unreachable",
      effect: "unknown",
    });
  });

  test("a pull request that cannot be seen is denied", async () => {
    hub().put(syncPath).reply(404, given.says("Not Found"));
    expect(await troubleOf(merge())).toMatchObject({ trouble: "denied", effect: "none" });
  });
});

describe("findMerge", () => {
  test("nothing is known of a pull request that is open at our head", async () => {
    pullIs(given.pull({ mergeable: null }));
    expect(await gitops().findMerge(change, undefined)).toBeUndefined();
  });

  test("P5 merged outside is found", async () => {
    pullIs(given.mergedPull);
    expect(await gitops().findMerge(change, undefined)).toEqual(merged);
  });

  test.each([
    ["closed", given.pull({ state: "closed" }), { state: "closed" }],
    [
      "pushed to",
      given.pull({ head: { ref: "x", sha: otherHead } }),
      { state: "moved", head: otherHead },
    ],
    ["in conflict", given.pull({ mergeable: false }), { state: "conflict" }],
  ])("a pull request that is %s is told", async (_, answer, expected) => {
    pullIs(answer);
    expect(await gitops().findMerge(change, undefined)).toEqual(expected);
  });

  test("an earlier request is followed by its id", async () => {
    hub().get(`${asyncPath}/${uuid}`).reply(200, pending);
    expect(await gitops().findMerge(change, uuid)).toEqual({ state: "merging", request: uuid });
    hub()
      .get(`${asyncPath}/${uuid}`)
      .reply(200, { status: "enqueued", details: { message: "In the queue." } });
    expect(await gitops().findMerge(change, uuid)).toEqual({ state: "merging", request: uuid });
  });

  test("merged is told with its commit, even before the pull request shows it", async () => {
    const answer = { status: "merged", details: { sha: mergeCommit } };
    hub().get(`${asyncPath}/${uuid}`).reply(200, answer);
    pullIs(given.mergedPull);
    expect(await gitops().findMerge(change, uuid)).toEqual(merged);
    hub().get(`${asyncPath}/${uuid}`).reply(200, answer);
    pullIs(given.pull());
    expect(await gitops().findMerge(change, uuid)).toEqual(merged);
  });

  test.each([
    ["Merge conflict: the pull request could not be merged.", { state: "conflict" }],
    [
      "Required status check is expected.",
      {
        state: "blocked",
        by: ["Required status check is expected."],
        late: "merge-blocked-checks",
      },
    ],
  ])("a request that failed says why: %s", async (message, expected) => {
    hub().get(`${asyncPath}/${uuid}`).reply(200, failed(message));
    pullIs(given.pull());
    expect(await gitops().findMerge(change, uuid)).toEqual(expected);
  });

  test("a request that GitHub has forgotten is asked of the pull request", async () => {
    hub().get(`${asyncPath}/${uuid}`).reply(404, given.says("Not Found"));
    pullIs(given.mergedPull);
    expect(await gitops().findMerge(change, uuid)).toEqual(merged);
  });
});
