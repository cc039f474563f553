import * as fc from "fast-check";
import { knock } from "../../src/teams/gate.ts";

const tenant = "11111111-1111-4111-8111-111111111111";
const channel = "19:deployments@thread.tacv2";
const options = { teams: { tenant, teams: [], channels: [channel] }, anonymous: false };

const message = {
  type: "message",
  id: "1",
  channelId: "msteams",
  serviceUrl: "https://smba.trafficmanager.net/emea/",
  from: { id: "29:alex", aadObjectId: "a1e80b5c-4d3f-4b1e-9c27-5e0f7a6d2b01" },
  recipient: { id: "28:bot" },
  conversation: { id: `${channel};messageid=1`, tenantId: tenant },
  channelData: { tenant: { id: tenant } },
  text: "deploy production",
};

const { serviceUrl } = message;

function statusOf(body: unknown, teams: readonly string[] = []): number {
  const admission = knock({ serviceUrl, body }, { ...options, teams: { ...options.teams, teams } });
  return admission.state === "admitted" ? 200 : admission.status;
}

describe("the gate", () => {
  test("lets a message of its own channel in", () => {
    expect(knock({ serviceUrl, body: message }, options)).toMatchObject({
      state: "admitted",
      activity: { text: "deploy production" },
    });
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "message"],
    ["a list", [message]],
    ["an empty object", {}],
    ["a type alone", { type: "message" }],
    ["no sender", { ...message, from: undefined }],
    ["no recipient", { ...message, recipient: null }],
    ["no conversation", { ...message, conversation: {} }],
    ["no id", { ...message, id: undefined }],
    ["a text that is none", { ...message, text: { evil: true } }],
    ["entities that are none", { ...message, entities: "mention" }],
    ["a service URL that is none", { ...message, serviceUrl: 7 }],
    ["an id of a megabyte", { ...message, id: "1".repeat(1_000_000) }],
    ["a prototype", JSON.parse(`{"__proto__":{"admin":true},${JSON.stringify(message).slice(1)}`)],
    ["a prototype deep inside", { ...message, value: JSON.parse('{"a":[{"__proto__":{}}]}') }],
    ["100 levels", { ...message, value: JSON.parse(`${"[".repeat(100)}${"]".repeat(100)}`) }],
  ])("P14 refuses a body that is no activity: %s", (_, body) => {
    expect(statusOf(body)).toBe(400);
  });

  test.each([
    ["another kind of channel", { ...message, channelId: "directline" }],
    ["no kind of channel", { ...message, channelId: "" }],
    ["somebody else's service URL", { ...message, serviceUrl: "https://evil.example/" }],
    ["no service URL", { ...message, serviceUrl: "" }],
    [
      "a service URL that its token does not speak for",
      { ...message, serviceUrl: `${serviceUrl}x/` },
    ],
    [
      "another tenant",
      { ...message, channelData: { tenant: { id: "22222222-2222-4222-8222-222222222222" } } },
    ],
    [
      "another tenant in one of two places",
      { ...message, conversation: { ...message.conversation, tenantId: "2" } },
    ],
    ["no tenant", { ...message, channelData: {}, conversation: { id: message.conversation.id } }],
    [
      "another Teams channel",
      { ...message, conversation: { id: "19:general@thread.tacv2;messageid=1", tenantId: tenant } },
    ],
    ["a personal chat", { ...message, conversation: { id: "a:1x", tenantId: tenant } }],
    [
      "a click from another channel",
      { ...message, type: "invoke", conversation: { id: "19:x@thread.tacv2", tenantId: tenant } },
    ],
  ])("P14 refuses what is not from its own channel: %s", (_, body) => {
    expect(statusOf(body)).toBe(403);
  });

  test("tells an operator, and nobody else, how to open another channel", () => {
    const body = {
      ...message,
      conversation: { id: "19:general@thread.tacv2;messageid=1", tenantId: tenant },
    };
    expect(knock({ serviceUrl, body }, options)).toEqual({
      state: "refused",
      status: 403,
      message: "Forbidden",
      why: 'nobody listens in this channel; to change that, add "19:general@thread.tacv2" to teams.channels',
    });
  });

  test("where teams are listed, lets in what is of one of them alone", () => {
    const team = "19:omnispatial@thread.tacv2";
    const of = (id: string) => ({
      ...message,
      channelData: { tenant: { id: tenant }, team: { id } },
    });
    expect(statusOf(of(team), [team])).toBe(200);
    expect(statusOf(of("19:other@thread.tacv2"), [team])).toBe(403);
    expect(statusOf(of("19:other@thread.tacv2"))).toBe(200);
  });

  test("lets through what is never acted upon, wherever it happens", () => {
    expect(
      statusOf({
        ...message,
        type: "conversationUpdate",
        id: undefined,
        conversation: { id: "19:team@thread.tacv2" },
      }),
    ).toBe(200);
  });

  test("lets in what somebody of the tenant says in a chat, and nobody of another", () => {
    const conversation = { id: "a:1", conversationType: "personal", tenantId: tenant };
    const chat = { ...message, conversation };
    expect(statusOf(chat)).toBe(200);
    const foreign = { ...conversation, tenantId: "22222222-2222-4222-8222-222222222222" };
    expect(statusOf({ ...chat, conversation: foreign })).toBe(403);
    expect(
      statusOf({ ...chat, conversation: { ...conversation, conversationType: "groupChat" } }),
    ).toBe(403);
  });

  test("in the sandbox asks for no token, but stays on this machine", () => {
    const anonymous = { ...options, anonymous: true };
    const local = { ...message, serviceUrl: "http://127.0.0.1:4000/" };
    expect(knock({ serviceUrl: undefined, body: local }, anonymous).state).toBe("admitted");
    expect(knock({ serviceUrl: undefined, body: message }, anonymous).state).toBe("refused");
  });

  test("P14 never throws, whatever knocks", () => {
    fc.assert(
      fc.property(fc.string(), fc.anything({ withNullPrototype: true }), (text, body) => {
        expect(knock({ serviceUrl: text, body }, options).state).toBe("refused");
        expect(knock({ serviceUrl, body }, options).state).toBe("refused");
      }),
    );
  });
});
