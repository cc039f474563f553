import { createHmac } from "node:crypto";
import { createFluxHook } from "../../src/cluster/hook.ts";

const secret = "a-random-secret-of-ours";
const hook = createFluxHook(secret);

function sign(body: string, key = secret, algorithm = "sha256"): string {
  return `${algorithm}=${createHmac(algorithm, key).update(body).digest("hex")}`;
}

/** As notification-controller sends it (fluxcd/pkg apis/event/v1beta1). */
function eventOf(kind: string, name: string): string {
  return JSON.stringify({
    involvedObject: { kind, namespace: "omnispatial", name, uid: "7d1c" },
    severity: "info",
    timestamp: "2026-11-25T10:00:00Z",
    message: "Helm upgrade succeeded",
    reason: "UpgradeSucceeded",
    reportingController: "helm-controller",
  });
}

describe("an alert of Flux", () => {
  const body = eventOf("HelmRelease", "omnispatial-web");

  test("says which release has moved on", async () => {
    const result = await hook({
      headers: { "x-signature": sign(body) },
      body: Buffer.from(body),
    });
    const release = { name: "omnispatial-web", namespace: "omnispatial" };
    expect(result).toEqual({ state: "heard", hints: [{ about: "release", release }] });
  });

  test.each(["GitRepository", "Kustomization"])("says that some %s has", async (kind) => {
    const text = eventOf(kind, "flux-system");
    const result = await hook({
      headers: { "x-signature": sign(text) },
      body: Buffer.from(text),
    });
    expect(result).toEqual({ state: "heard", hints: [{ about: "release" }] });
  });

  test.each([
    ["without a signature", body, undefined],
    ["signed with another secret", body, sign(body, "another-random-secret")],
    ["signed with SHA-1", body, sign(body, secret, "sha1")],
    ["with another body", body.replace("web", "api"), sign(body)],
    ["with half a signature", body, sign(body).slice(0, 39)],
    ["with a signature that is no hex", body, `sha256=${"z".repeat(64)}`],
    ["with two signatures", body, [sign(body), sign(body)]],
  ])("P14 %s is refused", async (_, text, signature) => {
    const headers = { "x-signature": signature };
    expect(await hook({ headers, body: Buffer.from(text) })).toEqual({ state: "refused" });
  });

  test.each(["", "{", "[]", '{"involvedObject":7}'])("cannot be read: %s", async (text) => {
    const headers = { "x-signature": sign(text) };
    expect(await hook({ headers, body: Buffer.from(text) })).toEqual({ state: "unreadable" });
  });
});
