import { createHash } from "node:crypto";
import { startRegistry, type Registry } from "../../sandbox/registry/registry.ts";

const index = "application/vnd.oci.image.index.v1+json";
const manifest = "application/vnd.oci.image.manifest.v1+json";
const dockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
const repository = "omnispatial/web";
const tag = "production-40655";
const content = {
  scenario: "success",
  commit: "4f0c2d9e6b1a8c7d5e3f2a1b0c9d8e7f6a5b4c3d",
} as const;

describe("the container registry", () => {
  let registry: Registry;
  let digest: string;
  let token: string;

  beforeAll(async () => {
    registry = await startRegistry({
      identity: {
        accepts: (entra, audience) =>
          entra === "entra-token" && audience === "https://containerregistry.azure.net",
      },
      user: { name: "omnibot", password: "sandbox" },
    });
    digest = registry.push(repository, tag, content).digest;
    token = await tokenByExchange(`repository:${repository}:pull`);
  });

  afterAll(() => registry.close());

  test("asks for a token, and says where to get which", async () => {
    const answer = await fetch(`${registry.url}/v2/${repository}/manifests/${tag}`, {
      headers: { accept: index },
    });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe(
      `Bearer realm="${registry.url}/oauth2/token",service="${registry.host}",scope="repository:${repository}:pull"`,
    );
    expect(await answer.json()).toMatchObject({ errors: [{ code: "UNAUTHORIZED" }] });
    const root = await fetch(`${registry.url}/v2/`);
    expect([root.status, root.headers.get("www-authenticate")]).toEqual([
      401,
      `Bearer realm="${registry.url}/oauth2/token",service="${registry.host}"`,
    ]);
    expect((await get("/v2/")).status).toBe(200);
  });

  test("exchanges an Entra token, and gives a token for exactly the scope that was asked", async () => {
    expect((await head(tag, index)).status).toBe(200);
    expect((await get("/v2/omnispatial/api/manifests/latest")).status).toBe(401);
    expect((await get(`/v2/${repository}/tags/list`)).status).toBe(401);
    const wrong = await post("/oauth2/exchange", {
      grant_type: "access_token",
      access_token: "forged",
    });
    expect(wrong.status).toBe(401);
    const forged = await post("/oauth2/token", {
      grant_type: "refresh_token",
      refresh_token: "forged",
      scope: "",
    });
    expect(forged.status).toBe(401);
  });

  test("signs a user in with a password, and nobody without", async () => {
    const realm = `${registry.url}/oauth2/token?service=${registry.host}&scope=repository:${repository}:pull,push`;
    expect((await fetch(realm)).status).toBe(401);
    expect(
      (await fetch(realm, { headers: { authorization: `Basic ${btoa("omnibot:wrong")}` } })).status,
    ).toBe(401);
    const answer = await fetch(realm, {
      headers: { authorization: `Basic ${btoa("omnibot:sandbox")}` },
    });
    const { access_token } = (await answer.json()) as { access_token: string };
    expect((await head(tag, index, access_token)).status).toBe(200);
  });

  test("lets everybody pull where anonymous access is on, with a token that anybody gets", async () => {
    const open = await startRegistry({ anonymous: true });
    open.push(repository, tag, content);
    const path = `${open.url}/v2/${repository}/manifests/${tag}`;
    expect((await fetch(path, { headers: { accept: index } })).status).toBe(401);
    const realm = `${open.url}/oauth2/token?service=${open.host}&scope=repository:${repository}:pull`;
    const { token: pull } = (await (await fetch(realm)).json()) as { token: string };
    const headers = { accept: index, authorization: `Bearer ${pull}` };
    expect((await fetch(path, { headers })).status).toBe(200);
    await open.close();
  });

  test("answers 404 to a HEAD whose Accept does not name the stored media type", async () => {
    expect((await head(tag, "*/*")).status).toBe(404);
    expect((await head(tag, dockerManifest)).status).toBe(404);
    const found = await head(tag, `${dockerManifest}, ${index}`);
    expect(found.status).toBe(200);
    expect(found.headers.get("docker-content-digest")).toBe(digest);
    expect(found.headers.get("content-type")).toBe(index);
    expect(await found.text()).toBe("");
  });

  test("names every byte by its real digest: the index, each platform's manifest, configuration and layer", async () => {
    const top = await document(`/v2/${repository}/manifests/${digest}`, index);
    const platforms = top["manifests"] as {
      digest: string;
      platform: { os: string; architecture: string };
    }[];
    expect(platforms.map(({ platform }) => `${platform.os}/${platform.architecture}`)).toEqual([
      "linux/amd64",
      "linux/arm64",
    ]);
    for (const platform of platforms) {
      const one = await document(`/v2/${repository}/manifests/${platform.digest}`, manifest);
      const config = one["config"] as { digest: string };
      const layers = one["layers"] as { digest: string }[];
      expect(await document(`/v2/${repository}/blobs/${config.digest}`)).toMatchObject({
        os: "linux",
        config: { Labels: { "org.opencontainers.image.revision": content.commit } },
      });
      for (const layer of layers) await bytes(`/v2/${repository}/blobs/${layer.digest}`);
    }
    expect(registry.describe(repository, tag)).toEqual({
      digest,
      platformDigests: platforms.map((platform) => platform.digest),
      scenario: "success",
    });
  });

  test("never stores the same image twice, and lists its tags", async () => {
    const again = registry.push(repository, "production-40656", content);
    expect(again.digest).not.toBe(digest);
    const reader = await tokenByExchange(`repository:${repository}:metadata_read`);
    const list = await get(`/v2/${repository}/tags/list`, undefined, reader);
    expect(await list.json()).toEqual({ name: repository, tags: [tag, "production-40656"] });
  });

  test("a tag can be moved and taken away, its image stays", async () => {
    const before = registry.push(repository, "a", content).digest;
    const other = registry.push(repository, "b", content).digest;
    registry.retag(repository, "a", "b");
    expect((await head("a", index)).headers.get("docker-content-digest")).toBe(other);
    registry.remove(repository, "a");
    expect((await head("a", index)).status).toBe(404);
    expect((await head(before, index)).status).toBe(200);
    expect(registry.describe(repository, "a")).toBeUndefined();
  });

  test("says what it does not know in the distribution specification's form", async () => {
    const missing = await get(`/v2/${repository}/manifests/production-1`, index);
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ errors: [{ code: "MANIFEST_UNKNOWN" }] });
    const blob = await get(`/v2/${repository}/blobs/sha256:${"0".repeat(64)}`);
    expect(await blob.json()).toMatchObject({ errors: [{ code: "BLOB_UNKNOWN" }] });
    const elsewhere = await tokenByExchange("repository:omnispatial/api:pull");
    const name = await get("/v2/omnispatial/api/manifests/latest", index, elsewhere);
    expect(await name.json()).toMatchObject({ errors: [{ code: "NAME_UNKNOWN" }] });
  });

  async function tokenByExchange(scope: string): Promise<string> {
    const exchange = await post("/oauth2/exchange", {
      grant_type: "access_token",
      access_token: "entra-token",
    });
    const { refresh_token } = (await exchange.json()) as { refresh_token: string };
    const answer = await post("/oauth2/token", {
      grant_type: "refresh_token",
      refresh_token,
      scope,
    });
    return ((await answer.json()) as { access_token: string }).access_token;
  }

  function post(path: string, form: Record<string, string>): Promise<Response> {
    const body = new URLSearchParams({ service: registry.host, ...form });
    return fetch(registry.url + path, { method: "POST", body });
  }

  function get(path: string, accept = "*/*", bearer = token): Promise<Response> {
    return fetch(registry.url + path, { headers: { accept, authorization: `Bearer ${bearer}` } });
  }

  function head(reference: string, accept: string, bearer = token): Promise<Response> {
    const headers = { accept, authorization: `Bearer ${bearer}` };
    return fetch(`${registry.url}/v2/${repository}/manifests/${reference}`, {
      method: "HEAD",
      headers,
    });
  }

  /** Reads what the path names by digest, and checks that its bytes have it. */
  async function bytes(path: string, accept?: string): Promise<Buffer> {
    const answer = await get(path, accept);
    const body = Buffer.from(await answer.arrayBuffer());
    expect(answer.status).toBe(200);
    expect(path.endsWith(`sha256:${createHash("sha256").update(body).digest("hex")}`)).toBe(true);
    return body;
  }

  async function document(path: string, accept?: string): Promise<Record<string, unknown>> {
    return JSON.parse((await bytes(path, accept)).toString()) as Record<string, unknown>;
  }
});
