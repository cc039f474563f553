import { ManagedIdentityCredential } from "@azure/identity";
import { startIdentity, type Identity } from "../../sandbox/identity/identity.ts";

const azureDevOps = "499b84ac-1321-427f-aa17-267ca6975798";

describe("the managed identity endpoint", () => {
  let identity: Identity;
  let time = Date.now();

  beforeAll(async () => {
    identity = await startIdentity({ now: () => time });
    process.env["IDENTITY_ENDPOINT"] = identity.endpoint;
    process.env["IDENTITY_HEADER"] = identity.header;
  });

  afterAll(async () => {
    delete process.env["IDENTITY_ENDPOINT"];
    delete process.env["IDENTITY_HEADER"];
    await identity.close();
  });

  test("gives Microsoft's own client a token that is good for the audience it was asked for, and no other", async () => {
    const token = await new ManagedIdentityCredential().getToken(`${azureDevOps}/.default`);
    expect(identity.accepts(token.token, azureDevOps)).toBe(true);
    expect(identity.accepts(token.token, "https://containerregistry.azure.net")).toBe(false);
    expect(identity.accepts(`${token.token}x`, azureDevOps)).toBe(false);
    expect(token.expiresOnTimestamp).toBeGreaterThan(Date.now() + 60 * 60 * 1000);
  });

  test("serves a user-assigned identity", async () => {
    const clientId = "33333333-3333-4333-8333-333333333333";
    const token = await new ManagedIdentityCredential({ clientId }).getToken(
      "https://containerregistry.azure.net/.default",
    );
    expect(identity.accepts(token.token, "https://containerregistry.azure.net/")).toBe(true);
    const claims: unknown = JSON.parse(
      Buffer.from(token.token.split(".")[1] ?? "", "base64url").toString(),
    );
    expect(claims).toMatchObject({ appid: clientId, aud: "https://containerregistry.azure.net" });
  });

  test("forgets a token when it expires", async () => {
    const answer = await ask("resource=a&api-version=2019-08-01", identity.header);
    const token = String(answer.body["access_token"]);
    expect(identity.accepts(token, "a")).toBe(true);
    time += 24 * 60 * 60 * 1000;
    expect(identity.accepts(token, "a")).toBe(false);
    expect(answer.body["expires_on"]).toMatch(/^\d{10}$/);
  });

  test("refuses without the secret header, another version, or no resource", async () => {
    expect((await ask("resource=a&api-version=2019-08-01", "guess")).status).toBe(401);
    expect((await ask("resource=a&api-version=2017-09-01", identity.header)).status).toBe(400);
    expect((await ask("api-version=2019-08-01", identity.header)).status).toBe(400);
  });

  async function ask(
    query: string,
    header: string,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const answer = await fetch(`${identity.endpoint}?${query}`, {
      headers: { "x-identity-header": header },
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }
});
