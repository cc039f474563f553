import { generateKeyPairSync, randomUUID, sign as signBytes } from "node:crypto";
import { writeClick, writeMessage } from "../../sandbox/bot-connector/activity.ts";
import { adele, alex, bot, channel, diego, megan, team, tenantId } from "../../sandbox/people.ts";
import {
  claimsFor,
  connectorIssuer,
  signToken,
  signWithPublicKey,
  unsignedToken,
} from "./key-server.ts";
import { serviceUrl, type Place } from "./place.ts";
import { send, sendRaw, type Answer } from "./send.ts";

/** Something that nobody should get through with. */
export interface Forgery {
  readonly name: string;
  /** The status that it must be answered with. */
  readonly status: number;
  /** What must be told, where it is taken in and nothing comes of it. */
  readonly says?: RegExp;
  readonly sends: (place: Attack) => Promise<Answer>;
}

/** A place with a deployment that waits for its approval. */
export interface Attack extends Place {
  readonly thread: string;
  /** The message that carries the card. */
  readonly card: string;
  readonly deployment: number;
}

type Json = Readonly<Record<string, unknown>>;

export function bearer(jwt: string): string {
  return `Bearer ${jwt}`;
}

/** A good token, for this service URL. */
export function goodToken({ keys }: Place, url = serviceUrl): string {
  return signToken(claimsFor(bot.appId, url), keys.own);
}

export function message(text: string, thread: string, changes: Json = {}, who = diego): Json {
  const place = { serviceUrl, threadId: thread, at: Date.now() };
  return { ...writeMessage(who, String(Date.now()), text, {}, place), ...changes };
}

export function click(
  { thread, card }: Pick<Attack, "thread" | "card">,
  who: typeof alex,
  action: { readonly verb: string; readonly data: unknown },
  changes: Json = {},
): Json {
  const place = { serviceUrl, threadId: thread, at: Date.now() };
  return { ...writeClick(who, card, action, place), ...changes };
}

export function post(
  { url }: Place,
  jwt: string | undefined,
  said: string | Buffer | Json,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return send(url, {
    headers: {
      "content-type": "application/json; charset=utf-8",
      ...(jwt === undefined ? {} : { authorization: bearer(jwt) }),
      ...headers,
    },
    body: typeof said === "string" || Buffer.isBuffer(said) ? said : JSON.stringify(said),
  });
}

/** A message that would be answered, with a forged token. */
function token(name: string, forge: (place: Attack) => string, status = 401): Forgery {
  return {
    name: `token: ${name}`,
    status,
    sends: (place) => post(place, forge(place), message("help", place.thread)),
  };
}

function signed(name: string, changes: Json, header: Json = {}): Forgery {
  return token(name, ({ keys }) =>
    signToken({ ...claimsFor(bot.appId, serviceUrl), ...changes }, keys.own, header),
  );
}

/** A message with a good token that says what a message of ours never would. */
function body(
  name: string,
  status: number,
  changes: (place: Attack) => Json | string | Buffer,
): Forgery {
  return {
    name: `body: ${name}`,
    status,
    sends: (place) => {
      const forged = changes(place);
      const isWhole = typeof forged === "string" || Buffer.isBuffer(forged);
      return post(
        place,
        goodToken(place),
        isWhole ? forged : message("deploy production 40655", place.thread, forged),
      );
    },
  };
}

/** A message that asks to be answered elsewhere; the token, of the Bot Connector itself, says the same. */
function address(name: string, url: string): Forgery {
  return {
    name: `service URL: ${name}`,
    status: 403,
    sends: (place) =>
      post(place, goodToken(place, url), message("help", place.thread, { serviceUrl: url })),
  };
}

function clicked(
  name: string,
  says: RegExp,
  who: typeof alex,
  action: (place: Attack) => { readonly verb: string; readonly data: unknown },
  changes: (place: Attack) => Json = () => ({}),
): Forgery {
  return {
    name: `click: ${name}`,
    status: 200,
    says,
    sends: (place) =>
      post(place, goodToken(place), click(place, who, action(place), changes(place))),
  };
}

const approve = ({ deployment }: Attack) => ({ verb: "approve", data: { deployment } });
const unknownButton = /does not know this button/;
const now = () => Math.floor(Date.now() / 1000);
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });

function tokens(): readonly Forgery[] {
  return [
    {
      name: "token: none",
      status: 401,
      sends: (place) => post(place, undefined, message("help", place.thread)),
    },
    {
      name: "token: in the address",
      status: 401,
      sends: (place) =>
        send(place.url, {
          path: `/api/messages?access_token=${goodToken(place)}`,
          headers: { "content-type": "application/json" },
          body: JSON.stringify(message("help", place.thread)),
        }),
    },
    {
      name: "token: as a password",
      status: 401,
      sends: (place) =>
        post(place, undefined, message("help", place.thread), {
          authorization: `Basic ${Buffer.from(`bearer:${goodToken(place)}`).toString("base64")}`,
        }),
    },
    {
      name: "token: a bad one before a good one",
      status: 401,
      sends: (place) => {
        const text = JSON.stringify(message("help", place.thread));
        return sendRaw(
          place.url,
          `POST /api/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer a.b.c\r\nAuthorization: ${bearer(goodToken(place))}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
        );
      },
    },
    token("empty", () => ""),
    token("junk", () => "junk"),
    token("three parts of junk", () => "a.b.c"),
    token("five parts (encrypted)", () => "a.b.c.d.e"),
    token("of 12 KB", () => `${"a".repeat(12_000)}.b.c`),
    token("of 17 KB", () => `${"a".repeat(17_000)}.b.c`, 431),
    token("unsigned (none), without a signature", ({ keys }) =>
      unsignedToken(claimsFor(bot.appId, serviceUrl), { alg: "none", kid: keys.own.kid }).concat(
        ".",
      ),
    ),
    token("unsigned (nOnE), with one", ({ keys }) =>
      unsignedToken(claimsFor(bot.appId, serviceUrl), { alg: "nOnE", kid: keys.own.kid }).concat(
        ".c2ln",
      ),
    ),
    token("HS256 with the public key as the secret", ({ keys }) =>
      signWithPublicKey(claimsFor(bot.appId, serviceUrl), keys.own),
    ),
    token("HS256 that calls itself RS256", ({ keys }) =>
      signWithPublicKey(claimsFor(bot.appId, serviceUrl), keys.own, { alg: "RS256" }),
    ),
    token("ES256 of an own key, under the Connector's name", ({ keys }) => {
      const text = unsignedToken(claimsFor(bot.appId, serviceUrl), {
        alg: "ES256",
        kid: keys.own.kid,
      });
      const signature = signBytes("sha256", Buffer.from(text), {
        key: ec.privateKey,
        dsaEncoding: "ieee-p1363",
      });
      return `${text}.${signature.toString("base64url")}`;
    }),
    token("PS256 of the right key", ({ keys }) =>
      signToken(claimsFor(bot.appId, serviceUrl), keys.own, { alg: "PS256" }),
    ),
    token("of another key, under its own name", ({ keys }) =>
      signToken(claimsFor(bot.appId, serviceUrl), keys.foreign),
    ),
    token("of another key, under the Connector's name", ({ keys }) =>
      signToken(claimsFor(bot.appId, serviceUrl), keys.foreign, { kid: keys.own.kid }),
    ),
    token("of another key, without a name", ({ keys }) =>
      signToken(claimsFor(bot.appId, serviceUrl), keys.foreign, { kid: undefined }),
    ),
    ...["../../../../dev/null", "' or 1=1 --", "__proto__", "https://evil.example/keys"].map(
      (kid) =>
        token(`of a key called ${kid}`, ({ keys }) =>
          signToken(claimsFor(bot.appId, serviceUrl), keys.foreign, { kid }),
        ),
    ),
    token("that brings its own key (jwk)", ({ keys }) =>
      signToken(claimsFor(bot.appId, serviceUrl), keys.foreign, {
        kid: keys.own.kid,
        jwk: keys.foreign.publicKey.export({ format: "jwk" }),
      }),
    ),
    token("that says where its key is (jku, x5u)", ({ keys, teams }) =>
      signToken(claimsFor(bot.appId, serviceUrl), keys.foreign, {
        kid: keys.own.kid,
        jku: `${teams.url}/evil-keys`,
        x5u: `${teams.url}/evil-keys`,
      }),
    ),
    token("of a key for Web Chat", ({ keys }) =>
      signToken(claimsFor(bot.appId, serviceUrl), keys.webChat),
    ),
    token("of a key for no channel", ({ keys }) =>
      signToken(claimsFor(bot.appId, serviceUrl), keys.bare),
    ),
    token("whose claims were changed afterwards", (place) => {
      const [header = "", , signature = ""] = goodToken(place).split(".");
      const claims = claimsFor(bot.appId, "https://smba.trafficmanager.net/amer/");
      return `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.${signature}`;
    }),
    token("whose signature is cut short", (place) => goodToken(place).slice(0, -20)),
    token("whose signature is empty", (place) => goodToken(place).replace(/[^.]+$/, "")),
    signed("with an extension that must be understood", {}, { crit: ["exp2"], exp2: 1 }),
    signed("for another bot", { aud: randomUUID() }),
    signed("for this bot and another", { aud: [bot.appId, randomUUID()] }),
    signed("for nobody", { aud: undefined }),
    signed("for this bot in capitals", { aud: bot.appId.toUpperCase() }),
    signed("of Entra, own tenant, version 1", {
      iss: `https://sts.windows.net/${tenantId}/`,
      appid: bot.appId,
      ver: "1.0",
      tid: tenantId,
    }),
    signed("of Entra, own tenant, version 2", {
      iss: `https://login.microsoftonline.com/${tenantId}/v2.0`,
      azp: bot.appId,
      ver: "2.0",
      tid: tenantId,
    }),
    signed("of Entra, another tenant", {
      iss: "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/",
      appid: bot.appId,
      ver: "1.0",
    }),
    signed("of the government's Connector", { iss: "https://api.botframework.us" }),
    signed("of nearly the right issuer", { iss: `${connectorIssuer}/` }),
    signed("of two issuers", { iss: [connectorIssuer] }),
    signed("of nobody", { iss: undefined }),
    signed("that has expired", { exp: now() - 600 }),
    signed("that expires never", { exp: undefined }),
    signed("that expires in words", { exp: "tomorrow" }),
    signed("that is not good yet", { nbf: now() + 3600 }),
    signed("for no service URL", { serviceurl: undefined }),
    signed("for a service URL that is none", { serviceurl: { url: serviceUrl } }),
    {
      name: "token: for another service URL than the message's",
      status: 403,
      sends: (place) =>
        post(
          place,
          goodToken(place, "https://smba.trafficmanager.net/amer/"),
          message("help", place.thread),
        ),
    },
  ];
}

function addresses(): readonly Forgery[] {
  return [
    address("somebody's own", "https://evil.example/"),
    address("with the right beginning", "https://smba.trafficmanager.net.evil.example/emea/"),
    address("with the right end", "https://evilbotframework.com/"),
    address("with the right user", "https://smba.trafficmanager.net@evil.example/emea/"),
    address("with a port", "https://smba.trafficmanager.net:8443/emea/"),
    address("without TLS", "http://smba.trafficmanager.net/emea/"),
    address("with a letter that looks alike", "https://smba.trafficmаnager.net/emea/"),
    address("this machine", "https://127.0.0.1/"),
    address("the cloud's metadata", "http://169.254.169.254/metadata/identity/oauth2/token"),
    address("a file", "file:///etc/passwd"),
    address("nothing", ""),
  ];
}

const place = (changes: Json) => ({
  conversation: {
    id: `${channel.id};messageid=1`,
    isGroup: true,
    conversationType: "channel",
    tenantId,
    ...changes,
  },
});

function bodies(): readonly Forgery[] {
  const other = "22222222-2222-4222-8222-222222222222";
  const data = (changes: Json) => ({
    channelData: {
      channel: { id: channel.id },
      team: { id: team.id },
      tenant: { id: tenantId },
      ...changes,
    },
  });
  return [
    body("of another tenant, by its conversation", 403, () => place({ tenantId: other })),
    body("of another tenant, by its channel", 403, () => data({ tenant: { id: other } })),
    body("of no tenant", 403, () => ({
      ...data({ tenant: undefined }),
      ...place({ tenantId: undefined }),
    })),
    body("of another team", 403, () => data({ team: { id: "19:other@thread.tacv2" } })),
    body("of another channel", 403, () => place({ id: "19:general@thread.tacv2;messageid=1" })),
    body("of a personal chat of another tenant", 403, () =>
      place({ id: "a:1x", conversationType: "personal", isGroup: false, tenantId: other }),
    ),
    body("of a group chat", 403, () =>
      place({ id: "19:meeting_x@thread.v2", conversationType: "groupChat" }),
    ),
    body("of Web Chat", 403, () => ({ channelId: "webchat" })),
    body("of Direct Line", 403, () => ({ channelId: "directline" })),
    body("of the emulator", 403, () => ({ channelId: "emulator" })),
    body("of no channel at all", 403, () => ({ channelId: "" })),
    body("from nobody", 400, () => ({ from: undefined })),
    body("from somebody whose id is an object", 400, () => ({
      from: { ...diego, aadObjectId: { $ne: "" } },
    })),
    body("from a list of people", 400, () => ({ from: [alex, megan] })),
    body("without an id", 400, () => ({ id: undefined })),
    body("with a number for a text", 400, () => ({ text: 7 })),
    body("with 100,001 characters", 400, () => ({ text: "a".repeat(100_001) })),
    body("with 1,001 entities", 400, () => ({
      entities: Array.from({ length: 1001 }, () => ({})),
    })),
    body("with entities that are none", 400, () => ({ entities: "mention" })),
    body("nothing", 400, () => ""),
    body("no JSON", 400, () => "deploy production"),
    body("half of it", 400, ({ thread }) => JSON.stringify(message("help", thread)).slice(0, -5)),
    body("null", 400, () => "null"),
    body("a number", 400, () => "7"),
    body("a text", 400, () => '"deploy production"'),
    body("a list of messages", 400, ({ thread }) => JSON.stringify([message("help", thread)])),
    body("100,000 levels of lists", 400, () => "[".repeat(100_000) + "]".repeat(100_000)),
    body("20,000 levels of objects, in its value", 400, ({ thread }) =>
      JSON.stringify(message("help", thread)).replace(
        /\}$/,
        `,"value":${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}}`,
      ),
    ),
    body("with a prototype", 400, ({ thread }) =>
      JSON.stringify(message("help", thread)).replace("{", '{"__proto__":{"isAdmin":true},'),
    ),
    body("with a prototype deep inside", 400, ({ thread }) =>
      JSON.stringify(message("help", thread)).replace(
        '"tenant":{',
        '"tenant":{"__proto__":{"id":"x"},',
      ),
    ),
    body("whose tenant comes twice, the other one last", 403, ({ thread }) =>
      JSON.stringify(message("help", thread)).replaceAll(
        `"tenantId":"${tenantId}"`,
        `"tenantId":"${tenantId}","tenantId":"${other}"`,
      ),
    ),
    body("in UTF-16", 400, ({ thread }) =>
      Buffer.from(JSON.stringify(message("help", thread)), "utf16le"),
    ),
    body("with broken UTF-8", 400, ({ thread }) =>
      Buffer.concat([
        Buffer.from([0xff, 0xfe]),
        Buffer.from(JSON.stringify(message("help", thread))),
      ]),
    ),
    body("of 2 MB", 413, () => ({ text: "a".repeat(2_000_000) })),
    {
      name: "body: of 2 MB in parts, without a length",
      status: 413,
      sends: (attack) =>
        send(attack.url, {
          headers: { "content-type": "application/json", authorization: bearer(goodToken(attack)) },
          body: Array.from({ length: 200 }, () => "a".repeat(10_000)),
        }),
    },
    {
      name: "body: of 1 GB, announced to nobody known",
      status: 401,
      sends: (attack) =>
        sendRaw(
          attack.url,
          "POST /api/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n{",
        ),
    },
    {
      name: "body: that never comes",
      status: 408,
      sends: (attack) =>
        sendRaw(
          attack.url,
          `POST /api/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: ${bearer(goodToken(attack))}\r\nContent-Length: 100\r\n\r\n{`,
        ),
    },
    {
      name: "body: with two lengths (smuggling)",
      status: 400,
      sends: (attack) =>
        sendRaw(
          attack.url,
          `POST /api/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`,
        ),
    },
    ...[
      ["a form", "application/x-www-form-urlencoded"],
      ["a form with files", "multipart/form-data; boundary=x"],
      ["plain text", "text/plain"],
      ["XML", "application/xml"],
    ].map(([what = "", type = ""]): Forgery => ({
      name: `body: as ${what}`,
      status: 415,
      sends: (attack) =>
        post(attack, goodToken(attack), message("help", attack.thread), { "content-type": type }),
    })),
    {
      name: "body: compressed",
      status: 415,
      sends: (attack) => post(attack, goodToken(attack), "x", { "content-encoding": "gzip" }),
    },
    ...["GET", "PUT", "DELETE", "TRACE"].map((method): Forgery => ({
      name: `${method} instead of POST`,
      status: 405,
      sends: (attack) =>
        send(attack.url, { method, headers: { authorization: bearer(goodToken(attack)) } }),
    })),
    ...[
      "/api//messages/x",
      "/api/messages/../../etc/passwd",
      "/api/messages%2f..",
      "/_sandbox/faults",
    ].map((path): Forgery => ({
      name: `POST ${path}`,
      status: 404,
      sends: (attack) =>
        send(attack.url, {
          path,
          headers: { "content-type": "application/json", authorization: bearer(goodToken(attack)) },
          body: "{}",
        }),
    })),
  ];
}

function clicks(): readonly Forgery[] {
  const own = /You asked for this deployment yourself/;
  const verbs = ["__proto__", "constructor", "toString", "deploy", ""];
  const ids = ["1", -1, 0, 1.5, 2 ** 60, null, true, [1], { $gt: 0 }];
  return [
    clicked("P1 the requester approves", own, alex, approve),
    clicked("P1 the requester approves, with the id in capitals", own, alex, approve, () => ({
      from: { id: alex.id, name: alex.name, aadObjectId: alex.aadObjectId.toUpperCase() },
    })),
    clicked("P1 the requester approves under another name", own, alex, approve, () => ({
      from: { id: megan.id, name: megan.name, aadObjectId: alex.aadObjectId },
    })),
    clicked(
      "P2 an approver in the card's data",
      /not among the people/,
      diego,
      ({ deployment }) => ({
        verb: "approve",
        data: {
          deployment,
          person: megan.aadObjectId,
          approver: megan,
          from: { aadObjectId: megan.aadObjectId },
        },
      }),
    ),
    clicked("P1 another requester in the card's data", own, alex, ({ deployment }) => ({
      verb: "approve",
      data: { deployment, requester: diego.aadObjectId, requesterId: diego.aadObjectId },
    })),
    clicked("P2 rights in the card's data", /not among the people/, diego, ({ deployment }) => ({
      verb: "approve",
      data: { deployment, override: true, required: 0, state: "approved", commit: "f".repeat(40) },
    })),
    clicked(
      "P2 somebody who may not, with an approver's name",
      /not among the people/,
      diego,
      approve,
      () => ({
        from: { id: diego.id, name: megan.name, aadObjectId: diego.aadObjectId },
      }),
    ),
    clicked("P2 somebody whose id is a name", /does not know who you are/, diego, approve, () => ({
      from: { id: megan.id, name: megan.name, aadObjectId: "megan" },
    })),
    clicked("P2 somebody without an id", /does not know who you are/, diego, approve, () => ({
      from: { id: megan.id, name: megan.name },
    })),
    clicked(
      "P2 an approver who is not in the team",
      /could not check that you are a member/,
      adele,
      approve,
      () => ({
        from: { id: "29:nobody", name: adele.name, aadObjectId: adele.aadObjectId },
      }),
    ),
    clicked(
      "from another thread",
      /does not belong to a deployment of this thread/,
      megan,
      approve,
      () => place({ id: `${channel.id};messageid=1700000000000` }),
    ),
    clicked(
      "about a deployment that there is not",
      /does not belong to a deployment/,
      megan,
      () => ({
        verb: "approve",
        data: { deployment: 4711 },
      }),
    ),
    clicked("way back where nothing failed", /nothing to go back to/, megan, ({ deployment }) => ({
      verb: "rollback",
      data: { deployment, build: 40600, tag: "production-40600" },
    })),
    clicked("rejection without a reason", /Please say why/, megan, ({ deployment }) => ({
      verb: "reject",
      data: { deployment, reason: " \u202e\u200b ".replaceAll(/[\u202e\u200b]/g, "") },
    })),
    clicked(
      "rejection with a reason of 100,000 characters",
      /in 200 characters/,
      megan,
      ({ deployment }) => ({
        verb: "reject",
        data: { deployment, reason: "a".repeat(100_000) },
      }),
    ),
    ...verbs.map((verb) =>
      clicked(`the button ${JSON.stringify(verb)}`, unknownButton, adele, ({ deployment }) => ({
        verb,
        data: { deployment },
      })),
    ),
    ...ids.map((deployment) =>
      clicked(`deployment ${JSON.stringify(deployment)}`, unknownButton, adele, () => ({
        verb: "approve",
        data: { deployment },
      })),
    ),
    clicked("no data", unknownButton, adele, () => ({ verb: "approve", data: null })),
    clicked("no action", unknownButton, adele, approve, () => ({ value: { trigger: "manual" } })),
    clicked("a text for a value", unknownButton, adele, approve, () => ({ value: "approve" })),
    {
      name: "click: an invoke that is none of ours",
      status: 400,
      sends: (attack) =>
        post(
          attack,
          goodToken(attack),
          click(attack, megan, approve(attack), { name: "signin/verifyState" }),
        ),
    },
    {
      name: "click: from another channel",
      status: 403,
      sends: (attack) =>
        post(
          attack,
          goodToken(attack),
          click(
            attack,
            megan,
            approve(attack),
            place({ id: "19:general@thread.tacv2;messageid=1" }),
          ),
        ),
    },
    {
      name: "click: as a message (Action.Submit)",
      status: 200,
      sends: (attack) =>
        post(
          attack,
          goodToken(attack),
          message(
            "",
            attack.thread,
            { value: approve(attack), text: undefined, entities: [] },
            megan,
          ),
        ),
    },
    {
      name: "message: of somebody without an Entra id",
      status: 200,
      sends: (attack) =>
        post(
          attack,
          goodToken(attack),
          message("deploy production", attack.thread, { from: { id: "29:x", name: megan.name } }),
        ),
    },
    {
      name: "message: that does not speak to omnibot",
      status: 200,
      sends: (attack) =>
        post(
          attack,
          goodToken(attack),
          message("deploy production", attack.thread, {
            entities: [],
            text: "omnibot deploy production",
          }),
        ),
    },
    ...[
      "conversationUpdate",
      "installationUpdate",
      "event",
      "endOfConversation",
      "messageReaction",
      "trace",
    ].map((type): Forgery => ({
      name: `activity: ${type} with a command in it`,
      status: 200,
      sends: (attack) =>
        post(
          attack,
          goodToken(attack),
          message("deploy production 40655", attack.thread, { type }),
        ),
    })),
  ];
}

/** Every forgery; the slow one comes last. */
export function forgeries(): readonly Forgery[] {
  const all = [...tokens(), ...addresses(), ...bodies(), ...clicks()];
  return all.toSorted((one, other) => Number(one.status === 408) - Number(other.status === 408));
}
