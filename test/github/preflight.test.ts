import { generateKeyPairSync } from "node:crypto";
import { createOctokit } from "../../src/github/client.ts";
import { createGitOps } from "../../src/github/gitops.ts";
import { withoutNetwork } from "../without-network.ts";
import * as given from "./answers.ts";

const { gitops, gitopsConfig, hub, root } = given;

withoutNetwork({ allAsked: true });

const rights = { permissions: { pull: true, push: true } };

function serve(answers: {
  readonly repository?: object;
  readonly rules?: readonly object[];
  readonly branch?: object;
}): void {
  hub()
    .get(root)
    .reply(200, answers.repository ?? rights);
  hub()
    .get(`${root}/rules/branches/main?per_page=100`)
    .reply(200, answers.rules ?? []);
  hub()
    .get(`${root}/branches/main`)
    .reply(200, answers.branch ?? { protected: false });
}

const guarded = {
  protected: true,
  protection: {
    enabled: true,
    required_status_checks: { enforcement_level: "non_admins", contexts: ["kubeconform"] },
  },
};

describe("what would keep a change from being merged", () => {
  test("is nothing where omnibot may push and nothing is asked", async () => {
    serve({});
    expect(await gitops().preflight()).toEqual({ warnings: [], unchecked: [] });
  });

  test.each([
    [{ archived: true }, "omnispatial/gitops is archived: nothing can be changed there."],
    [
      { ...rights, allow_squash_merge: false },
      "omnispatial/gitops does not allow the merge method squash.",
    ],
    [
      { permissions: { pull: true, push: false } },
      "omnibot may not push to omnispatial/gitops and open pull requests there.",
    ],
  ])("the repository: %j", async (repository, words) => {
    serve({ repository });
    expect(await gitops().preflight()).toEqual({ warnings: [words], unchecked: [] });
  });

  test.each([
    [
      "required_status_checks",
      { required_status_checks: [{ context: "lint" }, { context: "kubeconform" }] },
      'The merge has to wait for the checks "lint", "kubeconform", which main requires.',
    ],
    [
      "pull_request",
      { required_approving_review_count: 2 },
      "The merge has to wait for 2 reviews on GitHub, unless omnibot may bypass that rule of main.",
    ],
    [
      "pull_request",
      { required_approving_review_count: 0, require_code_owner_review: true },
      "The merge has to wait for a review by a code owner on GitHub, unless omnibot may bypass that rule of main.",
    ],
    [
      "pull_request",
      { required_approving_review_count: 0, allowed_merge_methods: ["rebase"] },
      "main does not allow the merge method squash.",
    ],
    ["update", undefined, "Only who may bypass its rules can change main."],
  ])("a rule of type %s: %j", async (type, parameters, words) => {
    serve({ rules: [{ type, parameters }, { type: "deletion" }, { type: "required_signatures" }] });
    expect((await gitops().preflight()).warnings).toEqual([words]);
  });

  test("the older protection of a branch, as far as it is shown", async () => {
    serve({ branch: guarded });
    hub()
      .get(`${root}/branches/main/protection`)
      .reply(403, given.says("Resource not accessible by integration"));
    expect(await gitops().preflight()).toEqual({
      warnings: ['The merge has to wait for the check "kubeconform", which main requires.'],
      unchecked: ["whether main asks for reviews (GitHub does not show it)"],
    });
  });

  test("the older protection of a branch, where omnibot may read it whole", async () => {
    serve({ branch: { protected: true } });
    hub()
      .get(`${root}/branches/main/protection`)
      .reply(200, { required_pull_request_reviews: { required_approving_review_count: 1 } });
    expect((await gitops().preflight()).warnings).toEqual([
      "The merge has to wait for a review on GitHub, unless omnibot may bypass that rule of main.",
    ]);
  });

  test("a branch that rules protect has no older protection", async () => {
    serve({ branch: { protected: true, protection: { enabled: true } } });
    hub().get(`${root}/branches/main/protection`).reply(404, given.says("Branch not protected"));
    expect(await gitops().preflight()).toEqual({ warnings: [], unchecked: [] });
  });

  test("what GitHub does not answer is named, and the rest is told all the same", async () => {
    hub().get(root).reply(503, given.says("Unicorn"));
    hub()
      .get(`${root}/rules/branches/main?per_page=100`)
      .reply(200, [{ type: "update" }]);
    hub()
      .get(`${root}/branches/main`)
      .reply(403, given.says("Resource not accessible by integration"));
    const { warnings, unchecked } = await gitops().preflight();
    expect(warnings).toEqual(["Only who may bypass its rules can change main."]);
    expect(unchecked).toEqual([
      expect.stringContaining("what omnibot may do in omnispatial/gitops (GitHub answered 503"),
      expect.stringContaining("the protection of main (GitHub answered 403"),
    ]);
  });
});

describe("the rights of a GitHub App", () => {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const octokit = () =>
    createOctokit({ auth: { kind: "app", appId: "1", installationId: 2, privateKey } });
  /** What the repository says to an App. */
  const repository = { permissions: { admin: false, push: false, pull: false } };

  test.each([
    [{ contents: "write", pull_requests: "write" }, []],
    [
      { contents: "write", pull_requests: "read" },
      ["omnibot may not push to omnispatial/gitops and open pull requests there."],
    ],
  ])("stand in its token: %j", async (permissions, warnings) => {
    hub()
      .post("/app/installations/2/access_tokens")
      .reply(201, {
        token: "ghs_x",
        expires_at: new Date(Date.now() + 3_600_000).toISOString(),
        permissions,
        repository_selection: "selected",
      });
    serve({ repository });
    const app = createGitOps({ octokit: octokit(), gitops: gitopsConfig });
    expect(await app.preflight()).toEqual({ warnings, unchecked: [] });
  });
});
