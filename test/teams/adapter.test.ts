import { once } from "node:events";
import { createServer } from "node:http";
import { StandIn } from "../../sandbox/stand-in.ts";
import type { IncomingActivity } from "../../src/teams/activity.ts";
import { createAdapter, type TeamsAdapter } from "../../src/teams/adapter.ts";
import { createConversations } from "../../src/teams/conversations.ts";
import { TeamsError } from "../../src/teams/teams-error.ts";
import { createMessages } from "../../src/teams/messages.ts";
import { ServiceError } from "../../src/deployment/service-error.ts";
import {
  claimsFor,
  createKey,
  signToken,
  startKeyServer,
  type KeyServer,
} from "../forgeries/key-server.ts";
import { silent } from "./channel.ts";
import { nock } from "../without-network.ts";

const appId = "5f0c3b7e-2f4d-4c8e-9a51-6d1e0c7b4a20";
const tenant = "11111111-1111-4111-8111-111111111111";
const channel = "19:deployments@thread.tacv2";
const serviceUrl = "https://smba.trafficmanager.net/emea/";

describe("P14 the adapter", () => {
  test("is not built without an app id, and says what to do", () => {
    const options = { tenant, token: undefined };
    expect(() => createAdapter({ ...options, appId: undefined })).toThrow(/Set MICROSOFT_APP_ID/);
    expect(() => createAdapter({ ...options, appId: "  " })).toThrow(
      /anybody could send it messages/,
    );
    expect(() => createAdapter({ ...options, appId })).toThrow(/no credentials/);
    expect(createAdapter({ ...options, appId: "", allowAnonymous: true }).anonymous).toBe(true);
  });

  test("is not anonymous because anonymous is allowed: an app id decides", () => {
    const token = async () => "token";
    expect(createAdapter({ appId, tenant, token, allowAnonymous: true }).anonymous).toBe(false);
    expect(createAdapter({ appId, tenant, token }).anonymous).toBe(false);
  });
});

describe("what goes to Teams", () => {
  const reference = JSON.stringify({
    serviceUrl,
    conversation: { id: channel },
    bot: { id: "28:bot" },
  });
  const path = `/emea/v3/conversations/${encodeURIComponent(channel)}/activities`;

  afterEach(() => nock.cleanAll());

  test("is signed with the token that the credential has at that moment", async () => {
    let count = 0;
    const adapter = createAdapter({ appId, tenant, token: async () => `token-${(count += 1)}` });
    const conversations = createConversations(adapter);
    for (const authorization of ["Bearer token-1", "Bearer token-2"]) {
      nock("https://smba.trafficmanager.net", { reqheaders: { authorization } })
        .post(path)
        .reply(201, { id: authorization });
      expect(await conversations.post(reference, { type: "message", text: "hello" })).toBe(
        authorization,
      );
    }
  });

  test("stays here without a token, which is told as what it is", async () => {
    const refused = new ServiceError("teams", "denied", "none", "omnibot could not sign in");
    const adapter = createAdapter({ appId, tenant, token: () => Promise.reject(refused) });
    const post = createConversations(adapter).post(reference, { type: "message", text: "hello" });
    await expect(post).rejects.toMatchObject({
      service: "teams",
      trouble: "denied",
      effect: "none",
      message: "omnibot could not sign in",
    });
  });
});

describe("P14 a token", () => {
  const own = createKey("own", ["msteams"]);
  const foreign = createKey("foreign", ["msteams"]);
  const { error } = console;
  const printed: unknown[] = [];
  let keys: KeyServer;
  let adapter: TeamsAdapter;

  beforeAll(async () => {
    // The SDK prints what it refuses, tokens and all.
    console.error = (...words: unknown[]) => void printed.push(...words);
    keys = await startKeyServer(own);
    const token = async () => "token";
    adapter = createAdapter({ appId, tenant, token, openIdMetadata: keys.metadata });
  });

  afterAll(async () => {
    console.error = error;
    await keys.close();
  });

  const claims = () => claimsFor(appId, serviceUrl);
  const sign = (payload: object, key = own, header: object = {}) =>
    `Bearer ${signToken(payload, key, header)}`;

  async function send(authorization: string | undefined, changes: object = {}) {
    const heard: IncomingActivity[] = [];
    const turn = async (activity: IncomingActivity) => void heard.push(activity);
    const messages = createMessages({
      teams: { tenant, teams: [], channels: [channel] },
      adapter,
      turn,
      log: silent,
    });
    const body = {
      type: "message",
      id: "1",
      channelId: "msteams",
      serviceUrl,
      from: { id: "29:alex" },
      recipient: { id: "28:bot" },
      conversation: { id: `${channel};messageid=1`, tenantId: tenant },
      ...changes,
    };
    let answer: { readonly status: number; readonly body: unknown } | undefined;
    const response = {
      send: (status: number, sent?: unknown) => (answer = { status, body: sent }),
    };
    await messages({ headers: { authorization }, read: async () => body }, response);
    return { ...answer, heard: heard.length };
  }

  test("of the Bot Connector is heard", async () => {
    expect(await send(sign(claims()))).toEqual({ status: 200, body: undefined, heard: 1 });
  });

  test.each([
    ["none", () => undefined],
    ["signed with another key", () => sign(claims(), foreign)],
    ["with another key's name", () => sign(claims(), own, { kid: "other" })],
    ["without a signature algorithm", () => sign(claims(), own, { alg: "none" })],
    ["for another bot", () => sign({ ...claims(), aud: "6f0c3b7e-2f4d-4c8e-9a51-6d1e0c7b4a20" })],
    [
      "of Entra, for this bot",
      () =>
        sign({ ...claims(), iss: `https://sts.windows.net/${tenant}/`, appid: appId, ver: "1.0" }),
    ],
    [
      "that ended an hour ago",
      () => sign({ ...claims(), exp: Math.floor(Date.now() / 1000) - 3600 }),
    ],
    ["cut in half", () => sign(claims()).slice(0, 200)],
  ])("that is forged is refused, with a word and no more: %s", async (_, token) => {
    expect(await send(token())).toEqual({
      status: 401,
      body: { message: "Unauthorized" },
      heard: 0,
    });
    expect(printed).toEqual([]);
  });

  test("for another service URL is refused", async () => {
    const token = sign(claimsFor(appId, "https://smba.trafficmanager.net/amer/"));
    expect(await send(token)).toMatchObject({ status: 403, heard: 0 });
  });

  test("that is good does not open other doors", async () => {
    expect(
      await send(sign(claims()), { conversation: { id: "19:x@thread.tacv2", tenantId: tenant } }),
    ).toMatchObject({ status: 403, heard: 0 });
  });
});

describe("a message to Teams", () => {
  test("goes on a connection of its own, since one that is just being closed would leave it in doubt", async () => {
    const connections = new Set<unknown>();
    const teams = createServer((request, response) => {
      connections.add(request.socket);
      response.statusCode = 201;
      response.setHeader("content-type", "application/json");
      response.end('{"id":"1"}');
    });
    teams.listen(0, "127.0.0.1");
    await once(teams, "listening");
    const address = teams.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const adapter = createAdapter({ appId: "", tenant, token: undefined, allowAnonymous: true });
    const reference = JSON.stringify({
      serviceUrl: `http://127.0.0.1:${port}/`,
      conversation: { id: channel },
      bot: { id: "28:bot" },
    });
    const conversations = createConversations(adapter);
    try {
      for (const text of ["one", "two", "three"])
        await conversations.post(reference, { type: "message", text });
      expect(connections.size).toBe(3);
    } finally {
      teams.close();
      teams.closeAllConnections();
    }
  });
});

describe("a message that Teams does not take in time", () => {
  test("is given up, sent once, and in doubt", async () => {
    const teams = new StandIn("teams");
    teams.route("POST", "/v3/conversations/:conversation/activities", () => ({
      status: 201,
      json: { id: "1" },
    }));
    await teams.listen();
    teams.faults.push({ path: ".", times: 10, hang: true });
    const adapter = createAdapter({
      appId: "",
      tenant,
      token: undefined,
      allowAnonymous: true,
      requestTimeout: 400,
    });
    const reference = JSON.stringify({
      serviceUrl: teams.url,
      conversation: { id: channel },
      bot: { id: "28:bot" },
    });

    const failure = await createConversations(adapter)
      .post(reference, { type: "message", text: "hello" })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TeamsError);
    expect(failure).toMatchObject({ trouble: "unreachable", effect: "unknown" });
    expect(teams.faults[0]?.times).toBe(9);
    await teams.close();
  });
});
