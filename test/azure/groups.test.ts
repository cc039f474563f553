import { StandIn } from "../../sandbox/stand-in.ts";
import { createGroups, type GroupsOptions } from "../../src/azure/groups.ts";
import { troubleOf } from "../trouble.ts";
import { nock, withoutNetwork } from "../without-network.ts";

withoutNetwork();

const graph = "https://graph.microsoft.com";
const person = "be3a7c2d-91f4-4e60-8a5b-2c7d40f9e302";
const path = `/v1.0/users/${person}/checkMemberGroups`;
const approvers = "11111111-0000-4000-8000-000000000001";
const operators = "11111111-0000-4000-8000-000000000002";

let now = 1_000_000;
const asked: string[] = [];
let tokens = 0;

function groups(options: Partial<GroupsOptions> = {}) {
  return createGroups({
    credential: {
      getToken: async (scope) => {
        asked.push(String(scope));
        return { token: `token-${(tokens += 1)}`, expiresOnTimestamp: now + 3_600_000 };
      },
    },
    now: () => now,
    ...options,
  });
}

function graphSays(status: number, body: object, headers: Record<string, string> = {}) {
  nock(graph).post(path).reply(status, body, headers);
}

describe("Microsoft Graph", () => {
  beforeEach(() => {
    asked.length = 0;
    tokens = 0;
  });

  test("is asked about all groups at once, with a token for itself", async () => {
    nock(graph, { reqheaders: { authorization: "Bearer token-1" } })
      .post(path, { groupIds: [approvers, operators] })
      .reply(200, { value: [operators.toUpperCase()] });
    expect(await groups().hasMember([approvers, operators], person)).toBe(true);
    expect(asked).toEqual(["https://graph.microsoft.com/.default"]);
  });

  test("that names no group, or one that nobody asked about, says no", async () => {
    graphSays(200, { value: [] });
    graphSays(200, { value: ["22222222-0000-4000-8000-000000000000"] });
    expect(await groups().hasMember([approvers], person)).toBe(false);
    expect(await groups().hasMember([approvers], person)).toBe(false);
  });

  test("that knows no such person says no", async () => {
    graphSays(404, { error: { code: "Request_ResourceNotFound", message: "Resource" } });
    expect(await groups().hasMember([approvers], person)).toBe(false);
  });

  test("is asked about twenty groups at a time", async () => {
    const ids = Array.from(
      { length: 45 },
      (_, n) => `11111111-0000-4000-8000-${String(n).padStart(12, "0")}`,
    );
    const pages = [ids.slice(0, 20), ids.slice(20, 40), ids.slice(40)];
    for (const groupIds of pages)
      nock(graph)
        .post(path, { groupIds })
        .reply(200, { value: groupIds.filter((id) => id === ids[44]) });
    expect(await groups().hasMember(ids, person)).toBe(true);
    expect(nock.isDone()).toBe(true);
  });

  test("is asked again after a minute for a yes, and after ten seconds for a no", async () => {
    const one = groups();
    graphSays(200, { value: [approvers] });
    expect(await one.hasMember([approvers], person)).toBe(true);
    now += 59_000;
    expect(await one.hasMember([approvers], person)).toBe(true);
    now += 1000;
    graphSays(200, { value: [] });
    expect(await one.hasMember([approvers], person)).toBe(false);
    now += 9000;
    expect(await one.hasMember([approvers], person)).toBe(false);
    now += 1000;
    graphSays(200, { value: [approvers] });
    expect(await one.hasMember([approvers], person)).toBe(true);
  });

  test("gets a token once more after a 401", async () => {
    graphSays(401, { error: { code: "InvalidAuthenticationToken", message: "expired" } });
    nock(graph, { reqheaders: { authorization: "Bearer token-2" } })
      .post(path)
      .reply(200, { value: [approvers] });
    expect(await groups().hasMember([approvers], person)).toBe(true);
  });

  test.each([
    [
      403,
      { error: { code: "Authorization_RequestDenied", message: "Insufficient privileges" } },
      "denied",
    ],
    [404, { error: { code: "UnknownError", message: "" } }, "unreachable"],
    [404, {}, "unreachable"],
    [429, { error: { code: "TooManyRequests", message: "" } }, "throttled"],
    [500, {}, "unreachable"],
    [503, {}, "unreachable"],
    [200, { value: "all" }, "unreachable"],
    [200, {}, "unreachable"],
    [400, { error: { code: "Request_BadRequest", message: "" } }, "invalid"],
  ])(
    "that answers %d %j says neither yes nor no, and that is not remembered",
    async (status, body, trouble) => {
      const one = groups();
      graphSays(status, body, { "retry-after": "7" });
      expect(await troubleOf(one.hasMember([approvers], person))).toMatchObject({
        service: "entra",
        trouble,
        effect: "none",
        retryAfter: 7000,
      });
      graphSays(200, { value: [approvers] });
      expect(await one.hasMember([approvers], person)).toBe(true);
    },
  );

  test("that does not answer in time, or at all, says neither", async () => {
    const slow = new StandIn("graph");
    await slow.listen();
    slow.faults.push({ path: ".", times: 1, hang: true });
    expect(
      await troubleOf(groups({ patience: 50, url: slow.url }).hasMember([approvers], person)),
    ).toMatchObject({
      trouble: "unreachable",
      message: "Microsoft Graph did not answer: no answer in time",
    });
    await slow.close();
    expect(await troubleOf(groups({ url: slow.url }).hasMember([approvers], person))).toMatchObject(
      { trouble: "unreachable" },
    );
  });

  test("is not asked without a token, and the token does not follow a redirect", async () => {
    const without = createGroups({
      credential: { getToken: () => Promise.reject(new Error("no identity")) },
      now: () => now,
    });
    expect(await troubleOf(without.hasMember([approvers], person))).toMatchObject({
      service: "entra",
      effect: "none",
    });
    graphSays(307, {}, { location: "https://elsewhere.example/" });
    expect(await troubleOf(groups().hasMember([approvers], person))).toMatchObject({
      trouble: "unreachable",
    });
  });

  test("tells why it failed, and forgets the oldest of a thousand answers", async () => {
    const failures: unknown[] = [];
    const one = createGroups({
      credential: { getToken: async () => ({ token: "t", expiresOnTimestamp: 0 }) },
      now: () => now,
      failed: (error) => failures.push(error),
    });
    graphSays(500, {});
    await troubleOf(one.hasMember([approvers], person));
    expect(failures).toHaveLength(1);
    nock(graph)
      .post(/checkMemberGroups/)
      .times(1002)
      .reply(200, { value: [approvers] });
    for (let n = 0; n <= 1000; n += 1) await one.hasMember([approvers], `${n}`);
    expect(await one.hasMember([approvers], "1000")).toBe(true);
    expect(nock.pendingMocks()).toHaveLength(1);
    await one.hasMember([approvers], "0");
    expect(nock.isDone()).toBe(true);
  });
});
