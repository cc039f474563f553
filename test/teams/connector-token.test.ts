import { createConnectorKeys } from "../../src/teams/connector-keys.ts";
import { createTokenCheck, type TokenCheck } from "../../src/teams/connector-token.ts";
import {
  claimsFor,
  createKey,
  signToken,
  signWithPublicKey,
  startKeyServer,
  unsignedToken,
  type KeyServer,
} from "../forgeries/key-server.ts";

const appId = "5f0c3b7e-2f4d-4c8e-9a51-6d1e0c7b4a20";
const serviceUrl = "https://smba.trafficmanager.net/emea/";
const minute = 60_000;
const own = createKey("own", ["msteams", "webchat"]);
const next = createKey("next", ["msteams"]);
const others = createKey("others", ["webchat"]);

let server: KeyServer;
let now: number;
let check: TokenCheck;

beforeEach(async () => {
  server = await startKeyServer(own, others);
  now = 1_790_000_000_000;
  check = newCheck();
});

afterEach(() => server.close());

function newCheck(): TokenCheck {
  const keys = createConnectorKeys(server.metadata, () => now);
  return createTokenCheck({ appId, keys, now: () => now });
}

function bearer(changes: object = {}, key = own, header: object = {}): string {
  return `Bearer ${signToken({ ...claimsFor(appId, serviceUrl, now), ...changes }, key, header)}`;
}

/** How often the key server was asked for anything. */
function asked(): number {
  return server.standIn.journal.length;
}

describe("P14 a token", () => {
  test("of the Bot Connector is good, and speaks for one service URL", async () => {
    expect(await check(bearer())).toEqual({ state: "valid", serviceUrl });
  });

  test.each([
    ["none", undefined],
    ["an empty one", "Bearer "],
    ["another scheme", "Basic YTpi"],
    ["junk", "Bearer junk"],
    ["three parts of junk", "Bearer a.b.c"],
    ["no object", `Bearer ${unsignedToken("iss", { alg: "RS256", kid: "own" })}.c2ln`],
    ["null", `Bearer ${unsignedToken(null, { alg: "RS256", kid: "own" })}.c2ln`],
    ["no name of a key", `Bearer ${unsignedToken({}, { alg: "RS256" })}.c2ln`],
    ["one of a megabyte", `Bearer ${"a".repeat(1_000_000)}.b.c`],
    ["no algorithm", `Bearer ${unsignedToken(claimsFor(appId, serviceUrl), { alg: "none" })}.c2ln`],
    [
      "the public key as a secret",
      `Bearer ${signWithPublicKey(claimsFor(appId, serviceUrl), own)}`,
    ],
  ])("that is plainly none is refused without a look at the keys: %s", async (_, token) => {
    expect(await check(token)).toMatchObject({ state: "refused" });
    expect(asked()).toBe(0);
  });

  test.each([
    ["for another bot", () => bearer({ aud: serviceUrl })],
    ["for several bots", () => bearer({ aud: [appId, "another"] })],
    ["of nearly the right issuer", () => bearer({ iss: "https://api.botframework.com/" })],
    ["of Entra", () => bearer({ iss: "https://sts.windows.net/x/", appid: appId })],
    ["without an expiry", () => bearer({ exp: undefined })],
    ["that has expired", () => bearer({ exp: now / 1000 - 301 })],
    ["that is not good yet", () => bearer({ nbf: now / 1000 + 301 })],
    ["without a service URL", () => bearer({ serviceurl: undefined })],
    ["with a service URL that is none", () => bearer({ serviceurl: [serviceUrl] })],
    ["of a key that does not speak for Teams", () => bearer({}, others)],
    ["of a key that is not published", () => bearer({}, next)],
    ["of a key under another's name", () => bearer({}, next, { kid: "own" })],
    ["that names a critical extension", () => bearer({}, own, { crit: ["b64"], b64: false })],
  ])("%s is refused", async (_, token) => {
    expect(await check(token())).toMatchObject({ state: "refused" });
  });

  test("is still good while two clocks differ by five minutes", async () => {
    expect(await check(bearer({ exp: now / 1000 - 299 }))).toMatchObject({ state: "valid" });
    expect(await check(bearer({ nbf: now / 1000 + 299 }))).toMatchObject({ state: "valid" });
  });
});

describe("P14 the keys of the Bot Connector", () => {
  test("are read once for many tokens, also at once, and again after a day", async () => {
    await Promise.all([1, 2, 3].map(() => check(bearer())));
    now += 23 * 60 * minute;
    await check(bearer());
    expect(asked()).toBe(2);
    now += 60 * minute;
    await check(bearer());
    expect(asked()).toBe(4);
  });

  test("are read again for a new key", async () => {
    await check(bearer());
    server.publish(own, next);
    now += 5 * minute;
    expect(await check(bearer({}, next))).toMatchObject({ state: "valid" });
  });

  test("are not read again for every name that somebody makes up", async () => {
    for (let n = 0; n < 50; n += 1) {
      expect(await check(bearer({}, own, { kid: `made-up-${n}` }))).toMatchObject({
        state: "refused",
      });
    }
    expect(asked()).toBe(2);
    now += 5 * minute;
    await Promise.all([1, 2, 3].map((n) => check(bearer({}, own, { kid: `made-up-${n}` }))));
    expect(asked()).toBe(4);
  });

  test("that cannot be had let nobody in, and are had as soon as they can be", async () => {
    server.standIn.faults.push({ path: ".", times: 1, answer: { status: 503 } });
    expect(await check(bearer())).toMatchObject({ state: "unchecked" });
    expect(await check(bearer())).toMatchObject({ state: "unchecked" });
    expect(asked()).toBe(1);
    now += 2000;
    expect(await check(bearer())).toMatchObject({ state: "valid" });
  });

  test("of yesterday are good while today's cannot be had", async () => {
    await check(bearer());
    now += 25 * 60 * minute;
    server.standIn.faults.push({ path: ".", times: 1, answer: { status: 503 } });
    expect(await check(bearer())).toMatchObject({ state: "valid" });
    server.publish(next);
    now += minute;
    expect(await check(bearer())).toMatchObject({ state: "refused" });
  });

  test("are taken from nowhere but where they belong", async () => {
    const elsewhere = createConnectorKeys(server.metadata.replace("http:", "https:"), () => now);
    const other = createTokenCheck({ appId, keys: elsewhere, now: () => now });
    expect(await other(bearer())).toMatchObject({ state: "unchecked" });
  });
});
