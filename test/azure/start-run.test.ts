import { EntraHandler } from "../../src/azure/entra-handler.ts";
import { troubleOf } from "../trouble.ts";
import {
  build,
  buildJson,
  commit,
  host,
  identity,
  now,
  pipelines,
  project,
  serveDevOps,
  serveIdentity,
  serveSignInPage,
} from "./devops-service.ts";
import { nock } from "../without-network.ts";

const request = { key: "d-1", commit };
const runs = `${project}/pipelines/12/runs`;
const url = "https://dev.azure.com/omnispatial/OmniSpatial/_build/results?buildId=40672";

serveDevOps();

describe("starting a run", () => {
  test("P7 pins the approved commit, and carries the parameters and the deployment's key", async () => {
    serveIdentity();
    let sent: unknown;
    nock(host)
      .post(runs, (body) => {
        sent = body;
        return true;
      })
      .reply(200, {
        id: 40672,
        name: "20261125.3",
        state: "inProgress",
        resources: { repositories: { self: { refName: "refs/heads/main", version: commit } } },
        _links: { web: { href: url } },
      });

    expect(await pipelines().startRun(request)).toEqual({
      id: 40672,
      number: "20261125.3",
      commit,
      url,
    });
    expect(sent).toEqual({
      resources: { repositories: { self: { refName: "refs/heads/main", version: commit } } },
      templateParameters: { environment: "production", omnibotDeploymentId: "d-1" },
    });
  });

  test("the key can be a queue-time variable instead", async () => {
    serveIdentity();
    const marked = { ...build, marker: { kind: "variable", name: "deployment" } } as const;
    const post = nock(host)
      .post(
        runs,
        (body) =>
          body.variables.deployment.value === "d-1" &&
          body.templateParameters.deployment === undefined,
      )
      .reply(200, { id: 40672 });

    // Without links and names of its own, the run's page is made of its address.
    expect(await pipelines({ environment: { build: marked } }).startRun(request)).toEqual({
      id: 40672,
      number: "40672",
      commit,
      url,
    });
    post.done();
  });

  test("a parameter that the pipeline does not declare is refused, and nothing was started", async () => {
    serveIdentity();
    const message = "/azure-pipelines.yml: Unexpected parameter 'omnibotDeploymentId'";
    nock(host).post(runs).reply(400, { message, typeKey: "PipelineValidationException" });

    expect(await pipelines().startRun(request)).toEqual({
      state: "failed",
      code: "run-not-started",
      detail: `Azure DevOps answered 400: ${message}`,
    });
  });

  test("P5 a lost answer has an unknown effect, and the request is sent once", async () => {
    serveIdentity();
    let posts = 0;
    nock(host)
      .persist()
      .post(runs, () => {
        posts += 1;
        return true;
      })
      .replyWithError(Object.assign(new Error("socket hang up"), { code: "ECONNRESET" }));

    expect(await troubleOf(pipelines().startRun(request))).toMatchObject({
      trouble: "unreachable",
      effect: "unknown",
    });
    expect(posts).toBe(1);
  });

  test("P5 no answer in time has an unknown effect", async () => {
    serveIdentity();
    nock(host).post(runs).delay(500).reply(200, { id: 40672 });
    const impatient = pipelines({ patience: { silence: 5000, call: 50 } });

    expect(await troubleOf(impatient.startRun(request))).toMatchObject({
      trouble: "unreachable",
      effect: "unknown",
    });
    nock.abortPendingRequests();
  });

  test.each([
    ["nothing is found", 404, "{}"],
    ["a sign-in page comes", 203, "<html>Sign In</html>"],
    ["the answer is no run", 200, '{"id":"none"}'],
    ["half of the answer comes", 200, '{"id":40'],
    ["a page of somebody in between comes", 404, "<html>404 page not found</html>"],
    ["the service breaks", 500, "<html>oops</html>"],
    ["the gateway gives up", 502, ""],
  ])("P5 the effect is unknown when %s", async (_, status, body) => {
    serveIdentity();
    nock(host).post(runs).reply(status, body);
    expect(await troubleOf(pipelines().startRun(request))).toMatchObject({ effect: "unknown" });
  });

  test("a redirect is not followed: it would send the request twice", async () => {
    serveIdentity();
    nock(host)
      .post(runs)
      .reply(302, "", { location: "https://spsprodeus.vssps.visualstudio.com/_signin" });
    expect(await troubleOf(pipelines().startRun(request))).toMatchObject({
      trouble: "denied",
      effect: "unknown",
    });
  });

  test.each([
    [401, "denied"],
    [403, "denied"],
  ])("%i means that nothing was done", async (status, trouble) => {
    serveIdentity();
    nock(host).post(runs).reply(status, { message: "TF401444: not allowed" });
    expect(await troubleOf(pipelines().startRun(request))).toMatchObject({
      trouble,
      effect: "none",
    });
  });

  test("a missing permission is told by its name, and is nothing to wait for", async () => {
    serveIdentity();
    const message =
      "TF215106: Access denied. omnibot needs Queue builds permissions for build pipeline 12:web in team project OmniSpatial to perform the action.";
    nock(host).post(runs).reply(403, { message });
    expect(await pipelines().startRun(request)).toEqual({
      state: "failed",
      code: "run-not-permitted",
      detail: expect.stringContaining("needs Queue builds permissions"),
    });
  });

  test("429 means that nothing was done, and says how long to wait", async () => {
    serveIdentity();
    nock(host).post(runs).reply(429, "<html>TF400733</html>", { "retry-after": "17" });
    expect(await troubleOf(pipelines().startRun(request))).toMatchObject({
      trouble: "throttled",
      effect: "none",
      retryAfter: 17_000,
      message: "Azure DevOps answered 429",
    });
  });

  test("an expired sign-in is noticed before the request, so that it leaves no doubt", async () => {
    serveSignInPage();
    const post = nock(host).post(runs).reply(203, "<html>Sign In</html>");
    expect(await troubleOf(pipelines().startRun(request))).toMatchObject({
      trouble: "denied",
      effect: "none",
    });
    expect(post.isDone()).toBe(false);
  });

  test("trouble before the request has no effect", async () => {
    serveIdentity();
    nock.cleanAll();
    serveIdentity();
    nock(host).options("/omnispatial/_apis/Location").replyWithError("socket hang up");
    expect(await troubleOf(pipelines().startRun(request))).toMatchObject({
      trouble: "unreachable",
      effect: "none",
    });
  });

  test("P13 the token is in no error", async () => {
    serveIdentity();
    nock(host).post(runs).reply(500, "");
    expect(String(await troubleOf(pipelines().startRun(request)))).not.toContain("secret");
  });
});

describe("finding a run", () => {
  function serveBuilds(
    builds: readonly unknown[],
    check: (query: Record<string, unknown>) => boolean = () => true,
  ) {
    return nock(host)
      .get(`${project}/build/builds`)
      .query(check)
      .reply(200, { count: builds.length, value: builds });
  }

  test("P4 a run that was started is found by the deployment's key", async () => {
    const others = [
      buildJson({
        id: 40674,
        templateParameters: { environment: "production", omnibotDeploymentId: "d-2" },
      }),
      buildJson({ id: 40673, templateParameters: undefined }),
    ];
    const asked = serveBuilds(
      [...others, buildJson()],
      (query) =>
        query["definitions"] === "12" &&
        query["queryOrder"] === "4" &&
        query["$top"] === "50" &&
        query["minTime"] === "Wed, 25 Nov 2026 11:58:00 GMT",
    );

    expect(await pipelines().findRun(request, now)).toEqual({
      id: 40672,
      number: "20261125.3",
      commit,
      url,
    });
    asked.done();
  });

  test("P5 a run is found after its answer was lost", async () => {
    serveIdentity();
    nock(host).post(runs).replyWithError("socket hang up");
    const ours = pipelines();
    expect(await troubleOf(ours.startRun(request))).toMatchObject({ effect: "unknown" });
    serveBuilds([buildJson()]);
    expect(await ours.findRun(request, now)).toMatchObject({ id: 40672 });
  });

  test("no run with this key is no run", async () => {
    serveBuilds([buildJson({ templateParameters: { omnibotDeploymentId: "d-11" } })]);
    expect(await pipelines().findRun(request, now)).toBeUndefined();
  });

  test("the earlier of two runs with this key is the one", async () => {
    serveBuilds([buildJson({ id: 40673 }), buildJson()]);
    expect(await pipelines().findRun(request, now)).toMatchObject({ id: 40672 });
  });

  test("P4 a run is found behind a page of newer ones", async () => {
    const newer = Array.from({ length: 50 }, (_, i) =>
      buildJson({
        id: 40800 - i,
        queueTime: new Date(now + 600_000 - i * 1000).toISOString(),
        templateParameters: null,
      }),
    );
    serveBuilds(newer, (query) => query["maxTime"] === undefined);
    serveBuilds(
      [newer[49], buildJson()],
      (query) => query["maxTime"] === "Wed, 25 Nov 2026 12:09:12 GMT",
    );
    expect(await pipelines().findRun(request, now)).toMatchObject({ id: 40672 });
  });

  test("P5 runs that cannot all be looked through are a doubt, not a no", async () => {
    const same = Array.from({ length: 50 }, (_, i) =>
      buildJson({ id: 40800 - i, templateParameters: null }),
    );
    serveBuilds(same);
    serveBuilds(same);
    expect(await troubleOf(pipelines().findRun(request, now))).toMatchObject({
      trouble: "invalid",
    });
  });

  test("the key is found in a queue-time variable", async () => {
    const marked = { ...build, marker: { kind: "variable", name: "deployment" } } as const;
    serveBuilds([
      buildJson({ id: 40674, parameters: "not json" }),
      buildJson({ id: 40673, parameters: '{"deployment":"d-2"}' }),
      buildJson({ parameters: '{"deployment":"d-1","system.debug":"false"}' }),
    ]);
    expect(await pipelines({ environment: { build: marked } }).findRun(request, now)).toMatchObject(
      { id: 40672 },
    );
  });

  test.each([
    ["the half of a list", 200, '{"count":1,"value":[{"id":406'],
    ["a page of somebody in between", 404, "<html>404 page not found</html>"],
  ])("P5 %s is a doubt, not a no", async (_, status, body) => {
    nock(host)
      .get(`${project}/build/builds`)
      .query(() => true)
      .reply(status, body);
    expect(await troubleOf(pipelines().findRun(request, now))).toMatchObject({
      trouble: "unreachable",
    });
  });

  test("a sign-in page is trouble, not an empty list", async () => {
    nock(host).get(`${project}/build/builds`).query(true).reply(203, "<html>Sign In</html>");
    serveSignInPage();
    expect(await troubleOf(pipelines().findRun(request, now))).toMatchObject({ trouble: "denied" });
  });

  describe("without a marker", () => {
    const unmarked = { ...build, marker: { kind: "none" } } as const;
    const ours = () => pipelines({ environment: { build: unmarked } });
    const mine = (query: Record<string, unknown>) =>
      query["requestedFor"] === identity && query["branchName"] === "refs/heads/main";

    test("it says that certainty is missing", () => {
      expect(ours().marked).toBe(false);
      expect(pipelines().marked).toBe(true);
    });

    test("the one run of omnibot's own for this commit with these parameters is it", async () => {
      serveIdentity();
      const others = [
        buildJson({ id: 40676, sourceVersion: "0".repeat(40) }),
        buildJson({ id: 40675, templateParameters: { environment: "staging" } }),
        buildJson({ id: 40674, queueTime: "2026-11-25T11:59:40Z" }),
        buildJson({ id: 40673, sourceBranch: "refs/heads/other" }),
      ];
      serveBuilds(
        [...others, buildJson({ templateParameters: { environment: "production" } })],
        mine,
      );
      expect(await ours().findRun(request, now)).toMatchObject({ id: 40672 });
    });

    test("several candidates are a doubt for a person", async () => {
      serveIdentity();
      serveBuilds([buildJson({ id: 40673 }), buildJson()], mine);
      expect(await troubleOf(ours().findRun(request, now))).toMatchObject({
        trouble: "invalid",
        message: "Runs 40673, 40672 could each be the one that omnibot started",
      });
    });

    test("no candidate is no run", async () => {
      serveIdentity();
      serveBuilds([], mine);
      expect(await ours().findRun(request, now)).toBeUndefined();
    });
  });
});

describe("signing in by Entra", () => {
  function credential(...tokens: readonly string[]) {
    const scopes: unknown[] = [];
    let turn = 0;
    return {
      scopes,
      getToken: async (scope: string | string[]) => {
        scopes.push(scope);
        const token = tokens[Math.min(turn, tokens.length - 1)] ?? "";
        turn += 1;
        return { token, expiresOnTimestamp: now + 3_600_000 };
      },
    };
  }

  test("every operation asks the credential again, for Azure DevOps", async () => {
    const entra = credential("one", "two");
    nock(host, { reqheaders: { authorization: "Bearer one" } })
      .get(`${project}/build/builds/1`)
      .reply(200, buildJson({ id: 1 }));
    nock(host, { reqheaders: { authorization: "Bearer two" } })
      .get(`${project}/build/builds/2`)
      .reply(200, buildJson({ id: 2 }));
    const ours = pipelines({ auth: { kind: "entra", credential: entra } });

    expect(await ours.readBuild(1)).toMatchObject({ id: 1 });
    expect(await ours.readBuild(2)).toMatchObject({ id: 2 });
    expect(entra.scopes).toEqual(Array(2).fill("499b84ac-1321-427f-aa17-267ca6975798/.default"));
  });

  test("P3 a 401 is answered once more with a fresh token, with the same request", async () => {
    serveIdentity();
    const entra = credential("old", "old", "new");
    const bodies: unknown[] = [];
    const keep = (body: unknown) => bodies.push(body) > 0;
    nock(host, { reqheaders: { authorization: "Bearer old" } })
      .post(runs, keep)
      .reply(401, "");
    nock(host, { reqheaders: { authorization: "Bearer new" } })
      .post(runs, keep)
      .reply(200, { id: 40672 });

    expect(
      await pipelines({ auth: { kind: "entra", credential: entra } }).startRun(request),
    ).toMatchObject({
      id: 40672,
    });
    expect(bodies[1]).toEqual(bodies[0]);
  });

  test("a second 401 is final", async () => {
    serveIdentity();
    let posts = 0;
    nock(host)
      .persist()
      .post(runs, () => ++posts > 0)
      .reply(401, "");
    const ours = pipelines({ auth: { kind: "entra", credential: credential("bad") } });
    expect(await troubleOf(ours.startRun(request))).toMatchObject({
      trouble: "denied",
      effect: "none",
    });
    expect(posts).toBe(2);
  });

  test("P13 the token goes to no other host", async () => {
    const handler = new EntraHandler(credential("one"), "dev.azure.com");
    await handler.refresh();
    const elsewhere = { host: "collector.example", headers: {} };
    handler.prepareRequest(elsewhere);
    expect(elsewhere.headers).toEqual({});
  });

  test.each([
    ["AuthenticationError", "denied"],
    ["CredentialUnavailableError", "denied"],
    ["RestError", "unreachable"],
  ])("%s of the credential means %s, and nothing was done", async (name, trouble) => {
    const broken = {
      getToken: () =>
        Promise.reject(
          Object.assign(new Error("AADSTS700016: unknown application\nTrace ID"), { name }),
        ),
    };
    const ours = pipelines({ auth: { kind: "entra", credential: broken } });
    expect(await troubleOf(ours.startRun(request))).toMatchObject({
      trouble,
      effect: "none",
      message: "omnibot could not sign in to Entra: AADSTS700016: unknown application",
    });
  });
});
