import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createRegistry, type RegistryOptions } from "../../src/azure/registry.ts";
import { troubleOf } from "../trouble.ts";
import { nock, withoutNetwork } from "../without-network.ts";

const host = "https://omnispatial.azurecr.io";
const image = {
  registry: "omnispatial.azurecr.io",
  repository: "omnispatial/web",
  access: "anonymous",
} as const;
const tag = "production-40672";
const manifests = "/v2/omnispatial/web/manifests";
const now = Date.parse("2026-11-25T12:00:00Z");
const pull = "repository:omnispatial/web:pull";

const indexType = "application/vnd.oci.image.index.v1+json";
const manifestType = "application/vnd.oci.image.manifest.v1+json";

function digestOf(body: string): string {
  return `sha256:${createHash("sha256").update(body).digest("hex")}`;
}

function manifestOf(word: string): { body: string; digest: string; config: string } {
  const config = digestOf(`config ${word}`);
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { digest: config },
    layers: [],
  });
  return { body, digest: digestOf(body), config };
}

const amd = manifestOf("amd64");
const arm = manifestOf("arm64");
const index = JSON.stringify({
  schemaVersion: 2,
  mediaType: indexType,
  manifests: [
    { digest: amd.digest, platform: { os: "linux", architecture: "amd64" } },
    { digest: arm.digest, platform: { os: "linux", architecture: "arm64" } },
    { digest: digestOf("attestation"), platform: { os: "unknown", architecture: "unknown" } },
  ],
});

const unauthorized = {
  errors: [{ code: "UNAUTHORIZED", message: "authentication required" }],
};
const absent = {
  errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest tagged by it is not found" }],
};

function challenge(realm = `${host}/oauth2/token`): Record<string, string> {
  return {
    "www-authenticate": `Bearer realm="${realm}",service="omnispatial.azurecr.io",scope="${pull},push"`,
  };
}

function registry(options: Partial<RegistryOptions> = {}) {
  return createRegistry({ image, clock: { now: () => now }, ...options });
}

function serve(body: string, reference = tag, digest: string | null = digestOf(body)): nock.Scope {
  const headers = digest === null ? {} : { "docker-content-digest": digest };
  return nock(host).get(`${manifests}/${reference}`).reply(200, body, headers);
}

withoutNetwork();

describe("resolving a tag", () => {
  test("P7 an index gives its digest, its platforms' and their configurations', and no attestation's", async () => {
    serve(index);
    serve(amd.body, amd.digest);
    serve(arm.body, arm.digest);
    expect(await registry().resolve(tag)).toEqual({
      state: "found",
      digest: digestOf(index),
      digests: [digestOf(index), amd.digest, arm.digest, amd.config, arm.config],
    });
  });

  test("a manifest gives its digest and its configuration's", async () => {
    serve(amd.body);
    expect(await registry().resolve(tag)).toEqual({
      state: "found",
      digest: amd.digest,
      digests: [amd.digest, amd.config],
    });
  });

  test("every form of a manifest is accepted, else an image that is there looks absent", async () => {
    let accept: string | null = null;
    nock(host)
      .get(`${manifests}/${tag}`)
      .matchHeader("accept", (value) => {
        accept = value;
        return true;
      })
      .reply(200, amd.body);
    await registry().resolve(tag);
    expect(String(accept).split(", ")).toEqual([
      indexType,
      "application/vnd.docker.distribution.manifest.list.v2+json",
      manifestType,
      "application/vnd.docker.distribution.manifest.v2+json",
    ]);
  });

  test("an index whose second platform was not copied is found all the same", async () => {
    serve(index);
    serve(amd.body, amd.digest);
    nock(host).get(`${manifests}/${arm.digest}`).reply(404, absent);
    expect(await registry().resolve(tag)).toMatchObject({
      digests: [digestOf(index), amd.digest, arm.digest, amd.config],
    });
  });

  test("P8 a tag that is not in the registry is absent", async () => {
    nock(host).get(`${manifests}/${tag}`).reply(404, absent);
    expect(await registry().resolve(tag)).toEqual({ state: "absent" });
  });

  test.each([
    ["a page that is no registry's", 404, "<html>404 page not found</html>"],
    ["a sign-in page", 203, "<html>Sign in</html>"],
    ["the half of an answer", 200, '{"schemaVersion":2,"conf'],
  ])("P8 %s says nothing about the tag", async (_, status, body) => {
    nock(host).get(`${manifests}/${tag}`).reply(status, body);
    expect(await troubleOf(registry().resolve(tag))).toMatchObject({
      trouble: "unreachable",
      effect: "none",
    });
  });

  test("P8 what is not a tag is not even asked for", async () => {
    expect(await troubleOf(registry().resolve("../../v2/_catalog"))).toMatchObject({
      trouble: "invalid",
    });
  });

  test("P7 bytes that do not match the digest that the registry names are not the image", async () => {
    serve(amd.body, tag, arm.digest);
    expect(await troubleOf(registry().resolve(tag))).toMatchObject({
      trouble: "unreachable",
      message: `omnispatial.azurecr.io gave a manifest that does not match its digest ${arm.digest}`,
    });
  });

  test("P7 bytes of a platform that do not match the index are not the image", async () => {
    serve(index);
    serve(arm.body, amd.digest, null);
    serve(arm.body, arm.digest);
    expect(await troubleOf(registry().resolve(tag))).toMatchObject({
      trouble: "unreachable",
      message: `omnispatial.azurecr.io gave a manifest that does not match its digest ${amd.digest}`,
    });
  });

  test("the digest is made of the bytes where the registry names none", async () => {
    serve(amd.body, tag, null);
    expect(await registry().resolve(tag)).toMatchObject({ digest: amd.digest });
  });

  test.each([
    ["JSON of another kind", JSON.stringify({ hello: "world" })],
    ["no JSON", "<html>hello</html>"],
    ["a digest of another form", JSON.stringify({ config: { digest: "sha256:../../etc" } })],
    [
      "more platforms than any image has",
      JSON.stringify({ manifests: Array.from({ length: 33 }, () => ({ digest: amd.digest })) }),
    ],
    [
      "more than 4 MB",
      JSON.stringify({ config: { digest: amd.config }, filler: "x".repeat(4 * 1024 * 1024) }),
    ],
  ])("%s is no image", async (_, body) => {
    serve(body);
    expect(await troubleOf(registry().resolve(tag))).toMatchObject({
      trouble: "unreachable",
      effect: "none",
    });
  });
});

describe("trouble", () => {
  test.each([
    [403, "denied"],
    [500, "unreachable"],
    [503, "unreachable"],
    [400, "invalid"],
    [307, "invalid"],
  ])("%i is %s", async (status, trouble) => {
    nock(host)
      .get(`${manifests}/${tag}`)
      .reply(status, "", { location: "https://elsewhere.example/" });
    expect(await troubleOf(registry().resolve(tag))).toMatchObject({
      trouble,
      effect: "none",
      service: "registry",
    });
  });

  test("429 says how long to wait, also as a date", async () => {
    nock(host).get(`${manifests}/${tag}`).reply(429, "", { "retry-after": "7" });
    expect(await troubleOf(registry().resolve(tag))).toMatchObject({
      trouble: "throttled",
      retryAfter: 7000,
    });
    nock(host)
      .get(`${manifests}/${tag}`)
      .reply(429, "", { "retry-after": new Date(Date.now() + 60_000).toUTCString() });
    const error = await troubleOf(registry().resolve(tag));
    expect(error).toMatchObject({ trouble: "throttled" });
    expect((error as { retryAfter: number }).retryAfter).toBeGreaterThan(50_000);
  });

  test("a connection that breaks is unreachable, with its reason", async () => {
    nock(host)
      .get(`${manifests}/${tag}`)
      .replyWithError("getaddrinfo ENOTFOUND omnispatial.azurecr.io");
    expect(await troubleOf(registry().resolve(tag))).toMatchObject({
      trouble: "unreachable",
      message: expect.stringContaining("ENOTFOUND"),
    });
  });

  test("no answer in time is unreachable", async () => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const slow = registry({
      patience: 20,
      image: { ...image, registry: `http://127.0.0.1:${port}` },
    });
    expect(await troubleOf(slow.resolve(tag))).toMatchObject({
      trouble: "unreachable",
      message: `127.0.0.1:${port} did not answer: no answer in time`,
    });
    silent.closeAllConnections();
    silent.close();
  });
});

describe("signing in", () => {
  const basic = { username: "puller", password: "s3cret" };
  const header = `Basic ${Buffer.from("puller:s3cret").toString("base64")}`;
  const withBasic = { image: { ...image, access: "basic" }, basic } as const;

  function refuseOnce(realm?: string): void {
    nock(host).get(`${manifests}/${tag}`).reply(401, unauthorized, challenge(realm));
  }

  function serveFor(token: string, times = 1): nock.Scope {
    return nock(host, { reqheaders: { authorization: `Bearer ${token}` } })
      .get(`${manifests}/${tag}`)
      .times(times)
      .reply(200, amd.body);
  }

  test("anonymously, a token to pull is asked for without credentials", async () => {
    refuseOnce();
    nock(host, { badheaders: ["authorization"] })
      .get("/oauth2/token")
      .query({ service: "omnispatial.azurecr.io", scope: pull })
      .reply(200, { access_token: "a1" });
    serveFor("a1");
    expect(await registry().resolve(tag)).toMatchObject({ state: "found" });
  });

  test("with a user and a password, a token to pull is asked for, and kept until shortly before it ends", async () => {
    let time = now;
    refuseOnce();
    nock(host, { reqheaders: { authorization: header } })
      .get("/oauth2/token")
      .query({ service: "omnispatial.azurecr.io", scope: pull })
      .reply(200, { token: "b1", expires_in: 300 });
    serveFor("b1", 2);
    const ours = registry({ ...withBasic, clock: { now: () => time } });
    expect(await ours.resolve(tag)).toMatchObject({ state: "found" });
    time += 269_000;
    expect(await ours.resolve(tag)).toMatchObject({ state: "found" });

    time += 2000;
    refuseOnce();
    nock(host).get("/oauth2/token").query(true).reply(200, { token: "b2", expires_in: 300 });
    const second = serveFor("b2");
    await ours.resolve(tag);
    second.done();
  });

  test("a registry without tokens gets the user and the password", async () => {
    nock(host)
      .get(`${manifests}/${tag}`)
      .reply(401, unauthorized, { "www-authenticate": 'Basic realm="registry"' });
    nock(host, { reqheaders: { authorization: header } })
      .get(`${manifests}/${tag}`)
      .reply(200, amd.body);
    expect(await registry(withBasic).resolve(tag)).toMatchObject({ state: "found" });
  });

  test("P13 credentials never go to another host that a challenge names", async () => {
    refuseOnce("https://collector.example/token");
    expect(await troubleOf(registry(withBasic).resolve(tag))).toMatchObject({
      trouble: "denied",
      message: expect.stringContaining("collector.example"),
    });
  });

  test("another host is asked anonymously, over https only", async () => {
    refuseOnce("https://auth.example/token?account=x");
    nock("https://auth.example", { badheaders: ["authorization"] })
      .get("/token")
      .query({ account: "x", service: "omnispatial.azurecr.io", scope: pull })
      .reply(200, { token: "c1" });
    serveFor("c1");
    expect(await registry().resolve(tag)).toMatchObject({ state: "found" });

    refuseOnce("http://auth.example/token");
    expect(await troubleOf(registry().resolve(tag))).toMatchObject({ trouble: "denied" });
  });

  test("a challenge is answered once", async () => {
    refuseOnce();
    nock(host).get("/oauth2/token").query(true).reply(200, { token: "d1" });
    refuseOnce();
    expect(await troubleOf(registry().resolve(tag))).toMatchObject({
      trouble: "denied",
      message: "omnispatial.azurecr.io answered 401: UNAUTHORIZED, authentication required",
    });
  });

  test("a refusal without a challenge is denied", async () => {
    nock(host).get(`${manifests}/${tag}`).reply(401, unauthorized);
    expect(await troubleOf(registry().resolve(tag))).toMatchObject({ trouble: "denied" });
  });

  test("a token service that gives no token is no use", async () => {
    refuseOnce();
    nock(host).get("/oauth2/token").query(true).reply(200, {});
    expect(await troubleOf(registry().resolve(tag))).toMatchObject({ trouble: "unreachable" });
  });

  test.each([
    ["entra", "needs a credential"],
    ["basic", "needs a user and a password"],
  ] as const)("access %s %s", (access, words) => {
    expect(() => registry({ image: { ...image, access } })).toThrow(words);
  });

  describe("to ACR by Entra", () => {
    const scopes: unknown[] = [];
    const credential = {
      getToken: async (scope: string | string[]) => {
        scopes.push(scope);
        return { token: "entra", expiresOnTimestamp: now + 3_600_000 };
      },
    };
    const withEntra = { image: { ...image, access: "entra" }, credential } as const;
    const jwt = (seconds: number) =>
      `e30.${Buffer.from(JSON.stringify({ exp: now / 1000 + seconds })).toString("base64url")}.sig`;

    function serveExchange(refresh: string): nock.Scope {
      return nock(host)
        .post("/oauth2/exchange", {
          grant_type: "access_token",
          service: "omnispatial.azurecr.io",
          access_token: "entra",
        })
        .reply(200, { refresh_token: refresh });
    }

    function serveGrant(refresh: string, token: string): nock.Scope {
      return nock(host)
        .post("/oauth2/token", {
          grant_type: "refresh_token",
          service: "omnispatial.azurecr.io",
          scope: pull,
          refresh_token: refresh,
        })
        .reply(200, { access_token: token });
    }

    beforeEach(() => {
      scopes.length = 0;
    });

    test("the Entra token is exchanged for the right to pull", async () => {
      refuseOnce();
      serveExchange(jwt(10_800));
      serveGrant(jwt(10_800), jwt(4500));
      serveFor(jwt(4500));
      expect(await registry(withEntra).resolve(tag)).toMatchObject({ state: "found" });
      expect(scopes).toEqual(["https://containerregistry.azure.net/.default"]);
    });

    test("the exchange is kept as long as it is good", async () => {
      let time = now;
      const ours = registry({ ...withEntra, clock: { now: () => time } });
      refuseOnce();
      serveExchange(jwt(10_800));
      serveGrant(jwt(10_800), jwt(4500));
      serveFor(jwt(4500));
      await ours.resolve(tag);

      time += 4_480_000;
      refuseOnce();
      serveGrant(jwt(10_800), jwt(9000));
      serveFor(jwt(9000));
      await ours.resolve(tag);
      expect(scopes).toHaveLength(1);
    });

    test("P13 the exchange happens at the registry itself, whatever the challenge says", async () => {
      refuseOnce("https://collector.example/oauth2/token");
      const exchange = serveExchange(jwt(10_800));
      serveGrant(jwt(10_800), jwt(4500));
      serveFor(jwt(4500));
      expect(await registry(withEntra).resolve(tag)).toMatchObject({ state: "found" });
      exchange.done();
    });

    test("an identity without the right to pull is denied", async () => {
      refuseOnce();
      nock(host)
        .post("/oauth2/exchange")
        .reply(401, { errors: [{ code: "DENIED", message: "access denied" }] });
      expect(await troubleOf(registry(withEntra).resolve(tag))).toMatchObject({
        trouble: "denied",
        message: "omnispatial.azurecr.io answered 401: DENIED, access denied",
      });
    });
  });
});
