import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createOctokit } from "../../src/github/client.ts";
import { createGitOps } from "../../src/github/gitops.ts";
import { troubleOf } from "../trouble.ts";
import { nock, withoutNetwork } from "../without-network.ts";
import * as given from "./answers.ts";

const { gitops, hub } = given;
const main = given.ref("main");
const reset = {
  "x-ratelimit-remaining": "0",
  "x-ratelimit-reset": "1790000060",
  date: new Date(1790000000_000).toUTCString(),
};

withoutNetwork({ allAsked: true });

describe("what GitHub's refusals mean", () => {
  test.each([
    ["a wrong token", 401, {}, "Bad credentials", { trouble: "denied" }],
    ["a missing permission", 403, {}, "Resource not accessible", { trouble: "denied" }],
    [
      "a wait of seconds",
      403,
      { "retry-after": "5" },
      "You have exceeded a secondary rate limit",
      { trouble: "throttled", retryAfter: 5000 },
    ],
    [
      "the limit of the hour",
      403,
      reset,
      "API rate limit exceeded",
      { trouble: "throttled", retryAfter: 60_000 },
    ],
    ["a limit without a time", 429, {}, "Too many", { trouble: "throttled", retryAfter: 60_000 }],
    [
      "out of order",
      503,
      { "retry-after": "2" },
      "Unicorn",
      { trouble: "unreachable", retryAfter: 2000 },
    ],
    ["nonsense", 400, {}, "Bad request", { trouble: "invalid" }],
  ])("%s", async (_, status, headers, message, expected) => {
    hub().get(main).reply(status, given.says(message), headers);
    const trouble = await troubleOf(gitops().findBranch("main"));
    expect(trouble).toMatchObject({ service: "github", effect: "none", ...expected });
    expect(trouble.message).toContain(message);
  });

  test("an answer without the fields that it must have is of no use", async () => {
    hub()
      .get(main)
      .reply(200, { object: { sha: "main" } });
    const trouble = await troubleOf(gitops().findBranch("main"));
    expect(trouble).toMatchObject({ trouble: "unreachable", effect: "none" });
    expect(trouble.message).toContain("object.sha");
  });

  test.each(["ECONNREFUSED", "ENOTFOUND"])(
    "nothing was sent when the connection failed with %s",
    async (code) => {
      hub()
        .post(`${given.root}/pulls`)
        .replyWithError(Object.assign(new Error(code), { code }));
      expect(await troubleOf(gitops().openPullRequest("x", "a", "b"))).toMatchObject({
        trouble: "unreachable",
        effect: "none",
      });
    },
  );

  test("P13 no error holds the token", async () => {
    for (const answer of [401, 404, 500]) {
      hub()
        .post(`${given.root}/pulls`)
        .matchHeader("authorization", "token ghp_secret")
        .reply(answer, given.says("no"));
      const trouble = await troubleOf(gitops().openPullRequest("x", "a", "b"));
      expect(
        JSON.stringify([trouble, trouble.message, trouble.stack, trouble.cause]),
      ).not.toContain("ghp_secret");
      expect(trouble.cause).toBeUndefined();
    }
    hub().post(`${given.root}/pulls`).replyWithError(given.lost);
    const trouble = await troubleOf(gitops().openPullRequest("x", "a", "b"));
    expect(trouble.cause).not.toHaveProperty("request");
  });
});

describe("the client", () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString();

  test("it says who it is, and speaks to GitHub Enterprise Server where it is told to", async () => {
    const octokit = createOctokit({
      auth: { kind: "token", token: "t" },
      baseUrl: "https://git.example/api/v3/",
    });
    nock("https://git.example", { reqheaders: { "user-agent": /^omnibot\/0\.1 / } })
      .get(`/api/v3${main}`)
      .reply(200, given.reference(given.head));
    const there = createGitOps({ octokit, gitops: given.gitopsConfig });
    expect(await there.findBranch("main")).toEqual({ head: given.head });
  });

  test("it signs in as an installation of an App, with a key whose line ends are written out", async () => {
    const auth = {
      kind: "app",
      appId: "1",
      privateKey: pem.replaceAll("\n", String.raw`\n`),
      installationId: 2,
    } as const;
    hub().post("/app/installations/2/access_tokens").reply(201, {
      token: "ghs_installation",
      expires_at: "2099-01-01T00:00:00Z",
      permissions: {},
    });
    hub()
      .get(main)
      .matchHeader("authorization", "token ghs_installation")
      .reply(200, given.reference(given.head));
    const there = createGitOps({ octokit: createOctokit({ auth }), gitops: given.gitopsConfig });
    expect(await there.findBranch("main")).toEqual({ head: given.head });
  });

  test("P13 a key that is none is refused at the start, and not shown", () => {
    const auth = { kind: "app", appId: "1", privateKey: "hunter2", installationId: 2 } as const;
    expect(() => createOctokit({ auth })).toThrow(
      /^The private key of the GitHub App is not a PEM private key\.$/,
    );
  });
});

describe("time-outs", () => {
  let server: Server;
  let seen = 0;

  beforeEach(async () => {
    seen = 0;
    server = createServer((request, response) => {
      seen += 1;
      request.resume();
      // Half an answer: the status comes, the body never does.
      if (request.method !== "PUT") return;
      response.setHeader("content-type", "application/json");
      response.write('{"status":');
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  function impatient() {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const octokit = createOctokit({
      auth: { kind: "token", token: "t" },
      baseUrl: `http://127.0.0.1:${port}`,
      timeout: 100,
    });
    return createGitOps({ octokit, gitops: given.gitopsConfig });
  }

  test("a read that is not answered is given up", async () => {
    expect(await troubleOf(impatient().findBranch("main"))).toMatchObject({
      trouble: "unreachable",
      effect: "none",
    });
  });

  test("P5 a write that is not answered, or only half, is in doubt and not sent again", async () => {
    const opened = troubleOf(impatient().openPullRequest("x", "a", "b"));
    expect(await opened).toMatchObject({ trouble: "unreachable", effect: "unknown" });
    const merged = troubleOf(impatient().merge(given.change, "a", "b"));
    expect(await merged).toMatchObject({ trouble: "unreachable", effect: "unknown" });
    // On a busy machine a request may be given up before it arrives.
    expect(seen).toBeLessThanOrEqual(2);
  });
});
