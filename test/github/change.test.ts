import type { nock } from "../without-network.ts";
import { createOctokit } from "../../src/github/client.ts";
import { readHead } from "../../src/github/commits.ts";
import { blobId } from "../../src/github/bytes.ts";
import { troubleOf } from "../trouble.ts";
import { withoutNetwork } from "../without-network.ts";
import * as given from "./answers.ts";

const { branch, contents, gitops, head, hub, mainHead, otherHead, release, root } = given;
const edited = release("production-40672");

withoutNetwork({ allAsked: true });

function fileAt(commit: string, tag: string): void {
  hub()
    .get(contents)
    .query({ ref: commit })
    .reply(200, given.file(release(tag)));
}

function branchAt(name: string, sha: string): void {
  hub().get(given.ref(name)).reply(200, given.reference(sha));
}

function compared(ahead: number): void {
  hub()
    .get(`${root}/compare/main...${head}`)
    .query({ per_page: 1 })
    .reply(200, { ahead_by: ahead, merge_base_commit: { sha: mainHead } });
}

describe("readTag", () => {
  function newest(answer: object[]): void {
    const query = { sha: "main", path: given.gitopsConfig.file, per_page: 1 };
    hub().get(`${root}/commits`).query(query).reply(200, answer);
  }

  test("the tag is read at the commit that last changed the file", async () => {
    newest([given.commit(mainHead, "Deploy 40655")]);
    fileAt(mainHead, "production-40655");
    expect(await gitops().readTag()).toEqual({
      state: "read",
      tag: "production-40655",
      commit: {
        id: mainHead,
        message: "Deploy 40655",
        author: "adele",
        url: `https://github.com/omnispatial/gitops/commit/${mainHead}`,
        at: Date.parse("2026-10-01T09:00:00Z"),
      },
      changedAt: Date.parse("2026-10-01T09:00:00Z"),
      release: { name: "omnispatial-web", namespace: "omnispatial" },
    });
  });

  test("a file that no commit knows is not found", async () => {
    newest([]);
    expect(await gitops().readTag()).toMatchObject({ state: "failed", code: "file-not-found" });
  });

  test("a file that was removed is not found", async () => {
    newest([given.commit(mainHead, "Remove it")]);
    hub().get(contents).query({ ref: mainHead }).reply(404, given.says("Not Found"));
    expect(await gitops().readTag()).toMatchObject({ state: "failed", code: "file-not-found" });
  });

  test.each([
    ["a directory", [], "file-not-found"],
    ["a symbolic link", { type: "symlink", sha: head, size: 3 }, "file-not-found"],
    [
      "above 1 MB",
      { type: "file", sha: head, size: 2e6, encoding: "none", content: "" },
      "tag-not-editable",
    ],
    ["not UTF-8", given.file(Buffer.of(0x74, 0xe9, 0x3a)), "tag-not-editable"],
    ["not YAML", given.file("a: b: c"), "yaml-invalid"],
  ])("a file that is %s is refused", async (_, answer, code) => {
    newest([given.commit(mainHead, "x")]);
    hub().get(contents).query({ ref: mainHead }).reply(200, answer);
    expect(await gitops().readTag()).toMatchObject({ state: "failed", code });
  });

  test("a repository that cannot be seen is denied, with what may be wrong", async () => {
    hub().get(`${root}/commits`).query(true).reply(404, given.says("Not Found"));
    expect(await troubleOf(gitops().readTag())).toMatchObject({
      trouble: "denied",
      effect: "none",
      message:
        "GitHub answered 404 to GET /repos/omnispatial/gitops/commits: Not Found. " +
        "It does not exist, or omnibot's credentials for GitHub do not reach it",
    });
  });
});

describe("branches", () => {
  test("a branch is found by its name, or not", async () => {
    branchAt(branch, head);
    expect(await gitops().findBranch(branch)).toEqual({ head });
    hub().get(given.ref(branch)).reply(404, given.says("Not Found"));
    expect(await gitops().findBranch(branch)).toBeUndefined();
  });

  test("a branch is created at the head of the configured one", async () => {
    branchAt("main", mainHead);
    hub()
      .post(`${root}/git/refs`, { ref: `refs/heads/${branch}`, sha: mainHead })
      .reply(201, given.reference(mainHead));
    expect(await gitops().createBranch(branch)).toEqual({ head: mainHead });
  });

  test("P4 a branch that is there already is taken as it is", async () => {
    branchAt("main", mainHead);
    hub().post(`${root}/git/refs`).reply(422, given.says("Reference already exists"));
    branchAt(branch, head);
    expect(await gitops().createBranch(branch)).toEqual({ head });
  });

  test("P5 a branch that is there already, but not shown yet, is waited for", async () => {
    branchAt("main", mainHead);
    hub().post(`${root}/git/refs`).reply(422, given.says("Reference already exists"));
    hub().get(given.ref(branch)).reply(404, given.says("Not Found"));
    expect(await troubleOf(gitops().createBranch(branch))).toMatchObject({
      trouble: "unreachable",
      message: `GitHub does not show the branch ${branch} yet`,
    });
  });

  test("P5 a lost answer leaves the branch in doubt", async () => {
    branchAt("main", mainHead);
    hub().post(`${root}/git/refs`).replyWithError(given.lost);
    expect(await troubleOf(gitops().createBranch(branch))).toMatchObject({
      service: "github",
      trouble: "unreachable",
      effect: "unknown",
    });
  });

  test("another refusal is told with GitHub's words", async () => {
    branchAt("main", mainHead);
    hub().post(`${root}/git/refs`).reply(422, given.says("Object does not exist"));
    const trouble = await troubleOf(gitops().createBranch(branch));
    expect(trouble).toMatchObject({ trouble: "invalid", effect: "none" });
    expect(trouble.message).toContain("Object does not exist");
  });

  test("a branch that is gone already is removed well", async () => {
    const place = `${root}/git/refs/${encodeURIComponent(`heads/${branch}`)}`;
    hub().delete(place).reply(204);
    await gitops().deleteBranch(branch);
    hub().delete(place).reply(422, given.says("Reference does not exist"));
    await gitops().deleteBranch(branch);
    hub().delete(place).reply(404, given.says("Not Found"));
    await gitops().deleteBranch(branch);
    hub().delete(place).reply(422, given.says("Cannot delete a protected branch"));
    expect(await troubleOf(gitops().deleteBranch(branch))).toMatchObject({
      trouble: "invalid",
    });
  });

  test("the branch that Flux follows is never removed", async () => {
    await expect(gitops().deleteBranch("main")).rejects.toThrow("never removed");
  });
});

describe("findCommit", () => {
  test("a branch of its own with the tag is found, with the tag before", async () => {
    branchAt(branch, head);
    fileAt(head, "production-40672");
    compared(1);
    fileAt(mainHead, "production-40655");
    expect(await gitops().findCommit(branch, "production-40672")).toEqual({
      state: "committed",
      head,
      from: "production-40655",
    });
  });

  test("a branch without the tag is not", async () => {
    branchAt(branch, head);
    fileAt(head, "production-40655");
    expect(await gitops().findCommit(branch, "production-40672")).toBeUndefined();
  });

  test("a branch that only stands on a main with this tag is not", async () => {
    branchAt(branch, head);
    fileAt(head, "production-40672");
    compared(0);
    expect(await gitops().findCommit(branch, "production-40672")).toBeUndefined();
  });

  test("no branch is no commit", async () => {
    hub().get(given.ref(branch)).reply(404, given.says("Not Found"));
    expect(await gitops().findCommit(branch, "production-40672")).toBeUndefined();
  });
});

describe("commitTag", () => {
  const commitTag = () => gitops().commitTag(branch, "production-40672", "Deploy 40672");
  const before = release("production-40655");

  function ready(): void {
    branchAt(branch, mainHead);
    fileAt(mainHead, "production-40655");
  }

  function put(): nock.Interceptor {
    return hub().put(contents, {
      branch,
      message: "Deploy 40672",
      content: Buffer.from(edited).toString("base64"),
      sha: blobId(Buffer.from(before)),
    });
  }

  test("P9 exactly the edited bytes are sent, under the lock of what was read", async () => {
    ready();
    put().reply(200, { content: { sha: blobId(Buffer.from(edited)) }, commit: { sha: head } });
    expect(await commitTag()).toEqual({ state: "committed", head, from: "production-40655" });
  });

  test("P9 other bytes than were sent are noticed", async () => {
    ready();
    put().reply(200, { content: { sha: otherHead }, commit: { sha: head } });
    expect(await commitTag()).toMatchObject({ state: "failed", code: "change-unexpected" });
  });

  test("P5 a lost answer leaves the commit in doubt", async () => {
    ready();
    put().replyWithError(given.lost);
    expect(await troubleOf(commitTag())).toMatchObject({
      trouble: "unreachable",
      effect: "unknown",
    });
  });

  test.each([502, 503, 504])("P5 a status of %d leaves the commit in doubt", async (status) => {
    ready();
    put().reply(status, "<html>");
    expect(await troubleOf(commitTag())).toMatchObject({
      trouble: "unreachable",
      effect: "unknown",
    });
  });

  test("P5 an answer without its body leaves the commit in doubt", async () => {
    ready();
    put().reply(200, "");
    expect(await troubleOf(commitTag())).toMatchObject({
      trouble: "unreachable",
      effect: "unknown",
    });
  });

  test("P5 a conflict with our own earlier commit is that commit", async () => {
    ready();
    put().reply(409, given.says("helm-release.yaml does not match"));
    branchAt(branch, head);
    fileAt(head, "production-40672");
    compared(1);
    fileAt(mainHead, "production-40655");
    expect(await commitTag()).toEqual({ state: "committed", head, from: "production-40655" });
  });

  test("a conflict with somebody else's commit ends it", async () => {
    ready();
    put().reply(409, given.says("helm-release.yaml does not match"));
    branchAt(branch, otherHead);
    fileAt(otherHead, "hand-made");
    branchAt(branch, otherHead);
    fileAt(otherHead, "hand-made");
    expect(await commitTag()).toMatchObject({ state: "failed", code: "change-unexpected" });
  });

  test("a conflict that left no trace may be tried again", async () => {
    ready();
    put().reply(409, given.says("is at a but expected b"));
    ready();
    ready();
    expect(await troubleOf(commitTag())).toMatchObject({
      trouble: "unreachable",
      effect: "none",
    });
  });

  test("a branch that carries the tag by its own commit is done", async () => {
    branchAt(branch, head);
    fileAt(head, "production-40672");
    branchAt(branch, head);
    fileAt(head, "production-40672");
    compared(1);
    fileAt(mainHead, "production-40655");
    expect(await commitTag()).toEqual({ state: "committed", head, from: "production-40655" });
  });

  test("a tag that main has already is no change", async () => {
    branchAt(branch, head);
    fileAt(head, "production-40672");
    branchAt(branch, head);
    fileAt(head, "production-40672");
    compared(0);
    expect(await commitTag()).toMatchObject({ state: "failed", code: "already-live" });
  });

  test("a branch that is not there yet is waited for", async () => {
    hub().get(given.ref(branch)).reply(404, given.says("Not Found"));
    expect(await troubleOf(commitTag())).toMatchObject({
      trouble: "unreachable",
      effect: "none",
    });
  });
});

describe("pull requests", () => {
  const query = { head: `omnispatial:${branch}`, base: "main", state: "all", per_page: 100 };
  const found = { number: 7, url: given.change.url, head, state: "open" };

  function listed(...pulls: object[]): void {
    hub().get(`${root}/pulls`).query(query).reply(200, pulls);
  }

  test("the pull request of the branch is found in any state", async () => {
    listed(given.pull());
    expect(await gitops().findPullRequest(branch)).toEqual(found);
    listed(given.pull({ state: "closed" }));
    expect(await gitops().findPullRequest(branch)).toMatchObject({ state: "closed" });
    listed(given.pull({ number: 9 }), given.mergedPull);
    expect(await gitops().findPullRequest(branch)).toMatchObject({ number: 7, state: "merged" });
  });

  test("pull requests of other branches are none of ours", async () => {
    const other = { head: { ref: "renovate/x", sha: head } };
    listed(given.pull(other), given.pull({ base: { ref: "staging" } }));
    expect(await gitops().findPullRequest(branch)).toBeUndefined();
  });

  test("a pull request is opened once", async () => {
    const text = { head: branch, base: "main", title: "Deploy", body: "Please" };
    hub().post(`${root}/pulls`, text).reply(201, given.pull());
    expect(await gitops().openPullRequest(branch, "Deploy", "Please")).toEqual(found);
  });

  test("P4 a pull request that exists already is found", async () => {
    const errors = [{ message: `A pull request already exists for omnispatial:${branch}.` }];
    hub().post(`${root}/pulls`).reply(422, { message: "Validation Failed", errors });
    listed(given.pull());
    expect(await gitops().openPullRequest(branch, "Deploy", "Please")).toEqual(found);
  });

  test("P5 a pull request that exists already, but is not shown yet, is waited for", async () => {
    const errors = [{ message: `A pull request already exists for omnispatial:${branch}.` }];
    hub().post(`${root}/pulls`).reply(422, { message: "Validation Failed", errors });
    listed();
    expect(await troubleOf(gitops().openPullRequest(branch, "Deploy", "Please"))).toMatchObject({
      trouble: "unreachable",
      message: `GitHub does not show the pull request of ${branch} yet`,
    });
  });

  test("a pull request without a difference is refused", async () => {
    const errors = [{ resource: "PullRequest" }, { message: "No commits between main and x" }];
    hub().post(`${root}/pulls`).reply(422, { message: "Validation Failed", errors });
    listed();
    expect(await troubleOf(gitops().openPullRequest(branch, "Deploy", "Please"))).toMatchObject({
      trouble: "invalid",
      effect: "none",
      message: expect.stringContaining("No commits between main and x"),
    });
  });

  test("P5 a lost answer leaves the pull request in doubt", async () => {
    hub().post(`${root}/pulls`).replyWithError(given.lost);
    expect(await troubleOf(gitops().openPullRequest(branch, "a", "b"))).toMatchObject({
      effect: "unknown",
    });
  });

  test("a pull request is read with what it changes", async () => {
    hub().get(`${root}/pulls/7`).reply(200, given.pull());
    hub()
      .get(`${root}/pulls/7/files`)
      .query({ per_page: 100 })
      .reply(200, [
        { filename: given.gitopsConfig.file, status: "modified", additions: 1, deletions: 1 },
      ]);
    expect(await gitops().readPullRequest(7)).toEqual({
      ...found,
      files: [{ path: given.gitopsConfig.file, additions: 1, deletions: 1 }],
    });
  });
});

describe("readHead", () => {
  const octokit = createOctokit({ auth: { kind: "token", token: "ghp_secret" } });

  test("the head of a source branch is read with its message and author", async () => {
    branchAt("main", head);
    hub()
      .get(`${root}/commits`)
      .query({ sha: head, per_page: 1 })
      .reply(200, [given.commit(head, "Add a map")]);
    expect(await readHead(octokit, "omnispatial/gitops", "main")).toMatchObject({
      id: head,
      message: "Add a map",
      author: "adele",
    });
  });

  test("a branch that is not there is told", async () => {
    hub().get(given.ref("main")).reply(404, given.says("Not Found"));
    expect(await troubleOf(readHead(octokit, "omnispatial/gitops", "main"))).toMatchObject({
      trouble: "denied",
    });
  });
});
