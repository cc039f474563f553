import { startIdentity, type Identity } from "../../sandbox/identity/identity.ts";
import { tenantId } from "../../sandbox/people.ts";
import { StandIn } from "../../sandbox/stand-in.ts";
import { parseConfig } from "../../src/config/load-config.ts";
import { loadSettings } from "../../src/config/load-settings.ts";
import { examine, type Result } from "../../src/doctor/check.ts";
import { checksOfTeams } from "../../src/doctor/teams.ts";
import { createClients } from "../../src/worlds.ts";
import { nock, withoutNetwork } from "../without-network.ts";

const appId = "5f0c3b7e-2f4d-4c8e-9a51-6d1e0c7b4a20";
const channel = "19:deployments@thread.tacv2";
const yaml = `
teams: { tenant: ${tenantId}, channels: ["${channel}"] }
environments:
  production:
    build: { organization: https://dev.azure.com/omnispatial, project: OmniSpatial, pipeline: 12 }
    image: { registry: omnispatial.azurecr.io, repository: omnispatial/web }
    gitops: { repository: omnispatial/gitops, file: helm-release.yaml }
    approval: { approvers: ["a1e80b5c-4d3f-4b1e-9c27-5e0f7a6d2b01"] }
`;
const before = { ...process.env };
let identity: Identity;

withoutNetwork();

beforeAll(async () => {
  identity = await startIdentity();
  Object.assign(process.env, {
    IDENTITY_ENDPOINT: identity.endpoint,
    IDENTITY_HEADER: identity.header,
  });
});

afterEach(() => {
  identity.standIn.faults.length = 0;
});

afterAll(async () => {
  process.env = before;
  await identity.close();
});

/** Microsoft's side as it should be: keys that can be read, and a channel that omnibot is in. */
function microsoft({ member = 200, keys = 200 }: { member?: number; keys?: number } = {}): void {
  nock("https://login.botframework.com")
    .get("/v1/.well-known/openidconfiguration")
    .reply(keys, {
      issuer: "https://api.botframework.com",
      jwks_uri: "https://login.botframework.com/v1/.well-known/keys",
    })
    .get("/v1/.well-known/keys")
    .reply(200, { keys: [{ kid: "one" }, { kid: "two" }] });
  nock("https://smba.trafficmanager.net", { reqheaders: { authorization: /^Bearer eyJ/ } })
    .get(`/teams/v3/conversations/${encodeURIComponent(channel)}/pagedmembers?pageSize=1`)
    .reply(member, { members: [] });
}

async function run(env: Readonly<Record<string, string>> = {}, url?: string) {
  const settings = loadSettings({
    MICROSOFT_APP_ID: appId,
    MICROSOFT_APP_TENANT_ID: tenantId,
    MICROSOFT_APP_TYPE: "UserAssignedMSI",
    GITHUB_TOKEN: "a token",
    ...env,
  });
  const config = parseConfig(yaml, "omnibot.yaml", []);
  const clients = createClients(settings, Date, undefined);
  return examine(checksOfTeams({ settings, config, clients, url }), 5000);
}

function byId(results: readonly Result[], id: string): Result | undefined {
  return results.find((one) => one.id.startsWith(id));
}

function notWell(results: readonly Result[]): readonly string[] {
  return results.filter(({ state }) => state !== "ok" && state !== "off").map(({ id }) => id);
}

describe("the doctor on the bot in Teams", () => {
  test("is content with a bot whose tenant, token, keys and channel fit", async () => {
    microsoft();
    const results = await run();
    expect(notWell(results)).toEqual([]);
    expect(byId(results, "teams.keys")?.found).toBe("2 keys can be read");
    expect(byId(results, "teams.endpoint")?.found).toMatch(/--url https/);
  });

  test("sees a tenant that is not the one of Teams, and a token of another", async () => {
    microsoft();
    const other = "22222222-2222-4222-8222-222222222222";
    const results = await run({ MICROSOFT_APP_TENANT_ID: other });
    expect(notWell(results)).toEqual(["teams.tenant", "teams.token", `teams.channel ${channel}`]);
    expect(byId(results, "teams.tenant")?.found).toContain(
      `is ${other}, teams.tenant is ${tenantId}`,
    );
    expect(byId(results, "teams.token")?.remedy).toMatch(/^MICROSOFT_APP_TENANT_ID is the tenant/);
  });

  test("sees an identity that is not there, and what follows from it", async () => {
    microsoft();
    const body = JSON.stringify({
      statusCode: 400,
      message: "No User Assigned or Delegated Managed Identity found",
    });
    identity.standIn.faults.push({ path: "/msi/token", times: 20, answer: { status: 400, body } });
    // The client keeps the tokens of an identity that it has seen.
    const results = await run({ MICROSOFT_APP_ID: "33333333-3333-4333-8333-333333333333" });
    expect(byId(results, "teams.token")?.state).toBe("failed");
    expect(byId(results, "teams.token")?.remedy).toMatch(/federated credential of infra\/azure/);
    expect(byId(results, "teams.channel")?.found).toBe(
      "not tried: it needs the bot's sign-in to Entra",
    );
  });

  test("sees a channel whose team has no omnibot", async () => {
    microsoft({ member: 403 });
    const results = await run();
    expect(notWell(results)).toEqual([`teams.channel ${channel}`]);
    expect(byId(results, "teams.channel")?.remedy).toMatch(/^Add the app to the channel's team/);
  });

  test("sees a bot that Teams does not take", async () => {
    microsoft({ member: 401 });
    expect(byId(await run(), "teams.channel")?.remedy).toMatch(
      /^The bot resource in Azure must have this app id/,
    );
  });

  test("sees that the keys of Teams' messages cannot be read", async () => {
    microsoft({ keys: 502 });
    const results = await run();
    expect(notWell(results)).toEqual(["teams.keys"]);
    expect(byId(results, "teams.keys")?.remedy).toMatch(/every message of Teams is refused/);
  });

  test.each([
    [401, "ok", /refuses a message without a token/, /^$/],
    [404, "failed", /answers 404 .* where omnibot answers 401/, /^Lead https/],
    [200, "failed", /answers 200/, /without a sign-in page/],
    [503, "failed", /answers 503/, /look at its pods/],
  ])(
    "tries the public address without a token: an answer of %i",
    async (status, state, says, remedy) => {
      microsoft();
      const ingress = new StandIn("ingress");
      ingress.route("POST", "/api/messages", () => ({ status }));
      const url = await ingress.listen();
      const endpoint = byId(await run({}, url), "teams.endpoint");
      await ingress.close();
      expect(endpoint?.state).toBe(state);
      expect(endpoint?.found).toMatch(says);
      expect(endpoint?.remedy ?? "").toMatch(remedy);
    },
  );

  test("tries the public addresses of hooks that have a secret, without it", async () => {
    microsoft();
    const ingress = new StandIn("ingress");
    for (const path of ["/api/messages", "/api/hooks/github"])
      ingress.route("POST", path, () => ({ status: 401 }));
    const url = await ingress.listen();
    const secrets = {
      GITHUB_HOOK_SECRET: "s".repeat(32),
      AZURE_DEVOPS_HOOK_SECRET: "t".repeat(32),
    };
    const results = await run(secrets, url);
    const calls = ingress.journal.map(({ path }) => path);
    await ingress.close();
    expect(calls.toSorted()).toEqual([
      "/api/hooks/azure-devops",
      "/api/hooks/github",
      "/api/messages",
    ]);
    expect(byId(results, "hooks.endpoint github")?.state).toBe("ok");
    expect(byId(results, "hooks.endpoint azure-devops")).toMatchObject({
      state: "warning",
      found: expect.stringContaining("answers 404"),
      remedy: expect.stringContaining("ingress.yaml"),
    });
  });
});
