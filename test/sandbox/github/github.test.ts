import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { baseModifiedFault } from "../../../sandbox/github/merge-routes.ts";
import {
  awaitMerge,
  mergeAsync,
  path,
  propose,
  readMain,
  readRelease,
  refusal,
  repo,
  type Sandbox,
  startSandbox,
} from "./fixture.ts";

describe("GitHub's stand-in, asked by @octokit/rest", () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox();
  });

  afterEach(() => sandbox.close());

  test("production-40655 is live, and the history tells which builds came before it", async () => {
    const { octokit } = sandbox;
    expect((await readRelease(sandbox, "main")).text).toContain(
      "      tag: production-40655 # the build that is live\n",
    );
    const { data } = await octokit.repos.listCommits({ ...repo, path, sha: "main", per_page: 100 });
    const tags = await Promise.all(
      data.map(
        async ({ sha }) => /production-\d+/.exec((await readRelease(sandbox, sha)).text)?.[0],
      ),
    );
    expect([...new Set(tags)]).toEqual([
      "production-40655",
      "production-40641",
      "production-40612",
    ]);
    expect(data[0]?.commit.author?.name).toBe("Megan Bowen");
    expect(data.every((commit) => Date.parse(commit.commit.author?.date ?? "") < Date.now())).toBe(
      true,
    );
  });

  test("branch, commit, pull request and background merge end on main as one changed line", async () => {
    const { octokit, git } = sandbox;
    const pushes: string[] = [];
    sandbox.github.onPush(({ branch, after }) => pushes.push(`${branch} ${after?.slice(0, 7)}`));
    const made = await propose(sandbox, "omnibot/deploy/d-1", "production-40672");
    expect(made.number).toBe(871);

    const { data: files } = await octokit.pulls.listFiles({ ...repo, pull_number: made.number });
    expect(files).toHaveLength(1);
    expect(files[0]).toMatchObject({ filename: path, additions: 1, deletions: 1 });
    expect(files[0]?.patch).toContain("\n-      tag: production-40655 # the build that is live");
    expect(files[0]?.patch).toContain("\n+      tag: production-40672 # the build that is live");

    const { data: pull } = await octokit.pulls.get({ ...repo, pull_number: made.number });
    expect(pull).toMatchObject({
      state: "open",
      merged: false,
      mergeable: true,
      mergeable_state: "clean",
    });
    expect(pull.head.sha).toBe(made.head);

    const accepted = await mergeAsync(sandbox, made.number, {
      sha: made.head,
      merge_method: "squash",
    });
    expect(accepted.status).toBe(202);
    expect(accepted.data).toMatchObject({
      status: "pending",
      details: {
        merge_method: "squash",
        merge_action: "default",
        expected_head_sha: made.head,
      },
    });
    const result = await awaitMerge(sandbox, made.number, accepted.data.details.uuid);
    const main = await readMain(sandbox);
    expect(result).toEqual({
      status: "merged",
      details: { message: "Pull request was merged.", sha: main },
    });
    expect(await git("log", "-1", "--format=%s|%an|%P", "main")).toBe(
      `Deploy production-40672 (#871)|omnibot[bot]|${made.base}`,
    );
    expect(await git("log", "-1", "--format=%b", "main")).toBe("Omnibot-Deployment: d-1");
    expect(await git("show", `main:${path}`)).toBe(made.edited.trim());
    expect(await git("diff", "--numstat", "main~1", "main")).toBe(`1\t1\t${path}`);
    expect(pushes.at(-1)).toBe(`main ${main.slice(0, 7)}`);

    const again = await mergeAsync(sandbox, made.number, { sha: made.head });
    expect([again.status, again.data.status, again.data.details.sha]).toEqual([
      200,
      "merged",
      main,
    ]);
    const { data: merged } = await octokit.pulls.get({ ...repo, pull_number: made.number });
    expect(merged).toMatchObject({
      state: "closed",
      merged: true,
      merge_commit_sha: main,
      changed_files: 1,
    });
    expect((await octokit.pulls.checkIfMerged({ ...repo, pull_number: made.number })).status).toBe(
      204,
    );
    await octokit.git.deleteRef({ ...repo, ref: "heads/omnibot/deploy/d-1" });
    expect(await git("for-each-ref", "--format=%(refname)")).toBe("refs/heads/main");
  });

  test("a second background merge is answered 409 with the first one's uuid", async () => {
    await sandbox.close();
    sandbox = await startSandbox({ mergeDelay: 200_000 });
    const made = await propose(sandbox, "omnibot/d-1", "production-40672");
    const first = await mergeAsync(sandbox, made.number, { sha: made.head });
    const second = await refusal(mergeAsync(sandbox, made.number, { merge_method: "rebase" }));
    expect(second.status).toBe(409);
    expect(second.data).toMatchObject({
      status: "pending",
      details: { uuid: first.data.details.uuid, merge_method: "default" },
    });
  });

  test("a background merge is cancelled when the head moves after it was accepted", async () => {
    const { octokit } = sandbox;
    const made = await propose(sandbox, "omnibot/d-1", "production-40672");
    const accepted = await mergeAsync(sandbox, made.number, { sha: made.head });
    await sandbox.github.pushCommit({
      path,
      branch: "omnibot/d-1",
      edit: (text) => text.replace("40672", "40673"),
      message: "Sneak",
    });
    const result = await awaitMerge(sandbox, made.number, accepted.data.details.uuid);
    expect(result).toEqual({
      status: "failed",
      details: { message: "Head branch was modified. Review and try the merge again." },
    });
    expect((await octokit.pulls.get({ ...repo, pull_number: made.number })).data.state).toBe(
      "open",
    );
  });

  test("a closed pull request is refused by the background merge with 400", async () => {
    const made = await propose(sandbox, "omnibot/d-1", "production-40672");
    await sandbox.octokit.pulls.update({ ...repo, pull_number: made.number, state: "closed" });
    expect(await refusal(mergeAsync(sandbox, made.number))).toEqual({
      status: 400,
      data: { status: "failed", details: { message: "Pull request is closed." } },
    });
  });

  test("without the background merge the route is not there", async () => {
    await sandbox.close();
    sandbox = await startSandbox({ mergeAsync: false });
    const made = await propose(sandbox, "omnibot/d-1", "production-40672");
    expect((await refusal(mergeAsync(sandbox, made.number))).status).toBe(404);
    const merged = await sandbox.octokit.pulls.merge({
      ...repo,
      pull_number: made.number,
      sha: made.head,
    });
    expect(merged.data.sha).toBe(await readMain(sandbox));
  });

  test("a merge queue takes the background merge and refuses the other", async () => {
    const { github, octokit } = sandbox;
    github.rules.mergeQueue = true;
    const made = await propose(sandbox, "omnibot/d-1", "production-40672");
    const wanted = { ...repo, pull_number: made.number };
    expect(await refusal(octokit.pulls.merge(wanted))).toMatchObject({
      status: 405,
      data: { message: "Changes must be made through the merge queue" },
    });
    const accepted = await mergeAsync(sandbox, made.number, { sha: made.head });
    expect((await awaitMerge(sandbox, made.number, accepted.data.details.uuid)).status).toBe(
      "merged",
    );
  });

  test("a required check that is missing makes a merge fail with its name", async () => {
    const { github, octokit } = sandbox;
    github.rules.checks.set("kubeconform", "pending");
    const made = await propose(sandbox, "omnibot/d-1", "production-40672");
    const accepted = await mergeAsync(sandbox, made.number, { sha: made.head });
    const failed = await awaitMerge(sandbox, made.number, accepted.data.details.uuid);
    expect(failed.details.message).toContain('Required status check "kubeconform" is expected.');
    const sync = octokit.pulls.merge({ ...repo, pull_number: made.number });
    expect(await refusal(sync)).toMatchObject({
      status: 405,
      data: { message: expect.stringContaining("kubeconform") },
    });
    const { data: pull } = await octokit.pulls.get({ ...repo, pull_number: made.number });
    expect(pull.mergeable_state).toBe("blocked");
    const route = "GET /repos/{owner}/{repo}/rules/branches/{branch}";
    const { data: rules } = await octokit.request(route, { ...repo, branch: "main" });
    expect(rules).toMatchObject([
      {
        type: "required_status_checks",
        parameters: { required_status_checks: [{ context: "kubeconform" }] },
      },
    ]);
    github.rules.checks.set("kubeconform", "success");
    const again = await mergeAsync(sandbox, made.number, { sha: made.head });
    expect((await awaitMerge(sandbox, made.number, again.data.details.uuid)).status).toBe("merged");
  });

  test("the synchronous merge refuses a moved head with 409 and a conflict with 405", async () => {
    const { octokit, github } = sandbox;
    const made = await propose(sandbox, "omnibot/d-1", "production-40672");
    const wanted = { ...repo, pull_number: made.number };
    expect(await refusal(octokit.pulls.merge({ ...wanted, sha: made.base }))).toMatchObject({
      status: 409,
      data: { message: "Head branch was modified. Review and try the merge again." },
    });
    await github.pushCommit({
      path,
      edit: (text) => text.replace("40655", "40660"),
      message: "Deploy production-40660 by hand",
    });
    expect(await refusal(octokit.pulls.merge(wanted))).toMatchObject({
      status: 405,
      data: { message: "Pull Request is not mergeable" },
    });
    await octokit.pulls.get(wanted);
    const { data } = await octokit.pulls.get(wanted);
    expect([data.mergeable, data.mergeable_state]).toEqual([false, "dirty"]);
  });

  test("the transient 405 can be injected and is gone the next time", async () => {
    const { octokit, github } = sandbox;
    const made = await propose(sandbox, "omnibot/d-1", "production-40672");
    github.faults.push(baseModifiedFault(made.number));
    const wanted = { ...repo, pull_number: made.number };
    expect(await refusal(octokit.pulls.merge(wanted))).toMatchObject({
      status: 405,
      data: { message: "Base branch was modified. Review and try the merge again." },
    });
    expect((await octokit.pulls.merge(wanted)).data.merged).toBe(true);
  });

  test.each(["merge", "rebase"] as const)(
    "a %s brings the change together with what happened on main meanwhile",
    async (merge_method) => {
      const { octokit, github, git } = sandbox;
      const made = await propose(sandbox, "omnibot/d-1", "production-40672");
      const hand = await github.pushCommit({
        path: "README.md",
        edit: (text) => `${text}\nMore.\n`,
        message: "Say more",
      });
      const wanted = { ...repo, pull_number: made.number };
      const { data } = await octokit.pulls.merge({ ...wanted, sha: made.head, merge_method });
      const parents = merge_method === "merge" ? `${hand} ${made.head}` : hand;
      expect(await git("log", "-1", "--format=%P", data.sha)).toBe(parents);
      expect(await git("show", `main:${path}`)).toContain("production-40672");
      expect(await git("show", "main:README.md")).toContain("More.");
      expect(await git("fsck", "--strict", "--no-dangling")).toBe("");
    },
  );

  test("a branch that exists cannot be created again, one that is gone cannot be deleted", async () => {
    const { octokit } = sandbox;
    const sha = await readMain(sandbox);
    const branch = { ...repo, ref: "refs/heads/omnibot/d-1", sha };
    await octokit.git.createRef(branch);
    expect(await refusal(octokit.git.createRef(branch))).toMatchObject({
      status: 422,
      data: { message: "Reference already exists" },
    });
    const gone = octokit.git.deleteRef({ ...repo, ref: "heads/omnibot/d-2" });
    expect(await refusal(gone)).toMatchObject({
      status: 422,
      data: { message: "Reference does not exist" },
    });
    const bad = octokit.git.createRef({ ...branch, ref: "refs/heads/a..b" });
    expect((await refusal(bad)).status).toBe(422);
  });

  test("a file is written only on top of the content that was read", async () => {
    const { octokit } = sandbox;
    const { sha } = await readRelease(sandbox, "main");
    const write = { ...repo, path, message: "x", content: Buffer.from("x").toString("base64") };
    const stale = octokit.repos.createOrUpdateFileContents({ ...write, sha: "0".repeat(40) });
    expect((await refusal(stale)).status).toBe(409);
    expect((await refusal(octokit.repos.createOrUpdateFileContents(write))).status).toBe(422);
    const done = await octokit.repos.createOrUpdateFileContents({ ...write, sha });
    expect(done.data.commit.author?.name).toBe("omnibot[bot]");
    expect(done.data.commit.verification?.verified).toBe(true);
  });

  test("one pull request per branch, and none without commits", async () => {
    const { octokit } = sandbox;
    await propose(sandbox, "omnibot/d-1", "production-40672");
    const again = { ...repo, head: "omnibot/d-1", base: "main", title: "again" };
    expect(await refusal(octokit.pulls.create(again))).toMatchObject({
      status: 422,
      data: {
        message: "Validation Failed",
        errors: [
          {
            resource: "PullRequest",
            code: "custom",
            message: "A pull request already exists for omnispatial:omnibot/d-1.",
          },
        ],
      },
    });
    const sha = await readMain(sandbox);
    await octokit.git.createRef({ ...repo, ref: "refs/heads/empty", sha });
    expect(await refusal(octokit.pulls.create({ ...again, head: "empty" }))).toMatchObject({
      status: 422,
      data: { errors: [{ message: "No commits between main and empty" }] },
    });
    const listed = await octokit.pulls.list({
      ...repo,
      head: "omnispatial:omnibot/d-1",
      base: "main",
      state: "all",
    });
    expect(listed.data.map(({ number }) => number)).toEqual([871]);
    const other = await octokit.pulls.list({ ...repo, head: "omnispatial:empty", state: "all" });
    expect(other.data).toEqual([]);
  });

  test("removing the branch of an open pull request closes it", async () => {
    const { octokit } = sandbox;
    const made = await propose(sandbox, "omnibot/d-1", "production-40672");
    await octokit.git.deleteRef({ ...repo, ref: "heads/omnibot/d-1" });
    const { data } = await octokit.pulls.get({ ...repo, pull_number: made.number });
    expect([data.state, data.merged, data.head.sha]).toEqual(["closed", false, made.head]);
  });

  test("comparisons say ahead, behind, diverged and identical", async () => {
    const { octokit, github } = sandbox;
    const made = await propose(sandbox, "omnibot/d-1", "production-40672");
    const compare = async (basehead: string) => {
      const { data } = await octokit.repos.compareCommitsWithBasehead({ ...repo, basehead });
      return `${data.status} +${data.ahead_by} -${data.behind_by} ${data.files?.length}`;
    };
    expect(await compare("main...omnibot/d-1")).toBe("ahead +1 -0 1");
    expect(await compare("omnibot/d-1...main")).toBe("behind +0 -1 0");
    expect(await compare(`main...${made.base}`)).toBe("identical +0 -0 0");
    await github.pushCommit({ path: "README.md", edit: (text) => `${text}x\n`, message: "x" });
    expect(await compare("main...omnibot/d-1")).toBe("diverged +1 -1 1");
  });

  test("an unchanged file is answered 304", async () => {
    const { octokit } = sandbox;
    const wanted = { ...repo, path, ref: "main" };
    const { headers } = await octokit.repos.getContent(wanted);
    expect(headers["x-ratelimit-limit"]).toBe("5000");
    const again = octokit.repos.getContent({
      ...wanted,
      headers: { "if-none-match": headers.etag ?? "" },
    });
    expect((await refusal(again)).status).toBe(304);
  });

  test("nobody comes in without the token, and there is one repository", async () => {
    const { github, octokit } = sandbox;
    const url = `${github.url}/repos/omnispatial/gitops`;
    const wrong = await fetch(url, { headers: { authorization: "Bearer wrong" } });
    expect([wrong.status, await wrong.json()]).toEqual([
      401,
      {
        message: "Bad credentials",
        documentation_url: "https://docs.github.com/rest",
        status: "401",
      },
    ]);
    expect((await fetch(url)).status).toBe(401);
    const right = await fetch(url, { headers: { authorization: "token sandbox-github-token" } });
    expect(right.status).toBe(200);
    expect((await refusal(octokit.repos.get({ owner: "omnispatial", repo: "web" }))).status).toBe(
      404,
    );
  });

  test("the links of pull requests and commits open pages that show the change", async () => {
    const { octokit } = sandbox;
    const made = await propose(sandbox, "omnibot/d-1", "production-40672");
    await octokit.pulls.update({ ...repo, pull_number: made.number, title: "<b>Deploy</b>" });
    const { data: pull } = await octokit.pulls.get({ ...repo, pull_number: made.number });
    const { data: commit } = await octokit.repos.getCommit({ ...repo, ref: made.head });
    const { data: file } = await octokit.repos.getContent({ ...repo, path, ref: "omnibot/d-1" });
    const fileUrl = Array.isArray(file) ? null : file.html_url;
    for (const url of [pull.html_url, commit.html_url, fileUrl ?? ""]) {
      const page = await fetch(url);
      expect([url, page.status]).toEqual([url, 200]);
      expect(await page.text()).toContain("production-40672 # the build that is live");
    }
    expect(await (await fetch(pull.html_url)).text()).toContain("&lt;b&gt;Deploy&lt;/b&gt;");
    const history = `${sandbox.github.url}/omnispatial/gitops/commits/main/${path}`;
    expect(await (await fetch(history)).text()).toContain("Let web start slowly");
  });

  test("a person clones the repository and sees who changed what", async () => {
    const { git, github } = sandbox;
    const commit = await github.pushCommit({
      path,
      edit: (text) => text.replace("40655", "40641"),
      message: "Back to 40641",
      author: { name: "Lee Gu", email: "lee.gu@omnispatial.example" },
    });
    const clone = join(github.gitDir, "..", "clone");
    await git("clone", "--quiet", github.gitDir, clone);
    expect(await readFile(join(clone, path), "utf8")).toContain("tag: production-40641 #");
    expect(await git("log", "-1", "--format=%H %an %s", "main")).toBe(
      `${commit} Lee Gu Back to 40641`,
    );
    const nowhere = github.pushCommit({ path: "none", edit: (text) => text, message: "x" });
    await expect(nowhere).rejects.toThrow("there is no none on main");
  });

  test("an answer may get lost after its effect", async () => {
    const { octokit, github, git } = sandbox;
    const sha = await readMain(sandbox);
    github.faults.push({ method: "POST", path: "/git/refs$", times: 1, reset: "after" });
    const lost = octokit.git.createRef({ ...repo, ref: "refs/heads/omnibot/d-1", sha });
    expect(await refusal(lost)).toEqual({ status: 500, data: undefined });
    expect(await git("rev-parse", "omnibot/d-1")).toBe(sha);
  });
});
