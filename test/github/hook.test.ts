import { createHmac } from "node:crypto";
import { createGitHubHook } from "../../src/github/hook.ts";

const secret = "a-random-secret-of-ours";
const hook = createGitHubHook(secret);
const repository = { full_name: "omnispatial/gitops" };

function sign(body: string, key = secret, algorithm = "sha256"): string {
  return `${algorithm}=${createHmac(algorithm, key).update(body).digest("hex")}`;
}

function call(event: string, body: string, signature: string | undefined = sign(body)) {
  return hook({
    headers: { "x-github-event": event, "x-hub-signature-256": signature },
    body: Buffer.from(body),
  });
}

describe("a webhook of GitHub", () => {
  const where = { about: "change", repository: "omnispatial/gitops" };
  test.each([
    [
      "push",
      { ref: "refs/heads/release/1", repository },
      [{ about: "branch", repository: "omnispatial/gitops", branch: "release/1" }, where],
    ],
    ["push", { ref: "refs/tags/v1", repository }, []],
    [
      "pull_request",
      { repository, pull_request: { number: 871 } },
      [{ ...where, pullRequest: 871 }],
    ],
    [
      "pull_request_review",
      { repository, pull_request: { number: 871 } },
      [{ ...where, pullRequest: 871 }],
    ],
    ["check_run", { repository, check_run: { status: "completed" } }, [where]],
    ["check_suite", { repository }, [where]],
    ["status", { repository, state: "success" }, [where]],
    ["ping", { zen: "Keep it logically awesome." }, []],
    ["star", {}, []],
  ])("%s", async (event, value, hints) => {
    expect(await call(event, JSON.stringify(value))).toEqual({ state: "heard", hints });
  });

  const body = JSON.stringify({ ref: "refs/heads/main", repository });
  test.each([
    ["without a signature", body, undefined],
    ["with an empty one", body, ""],
    ["signed with another secret", body, sign(body, "another-random-secret")],
    ["signed with SHA-1", body, sign(body, secret, "sha1")],
    ["with another body", body.replace("main", "evil"), sign(body)],
    ["with the same JSON in other bytes", `${body} `, sign(body)],
    ["with a signature of another length", body, sign(body).slice(0, -2)],
    ["without a body", "", sign("")],
  ])("P14 %s is refused", async (_, text, signature) => {
    const headers = { "x-github-event": "push", "x-hub-signature-256": signature };
    const sent = { headers, body: Buffer.from(text) };
    expect(await hook(sent)).toEqual({ state: "refused" });
  });

  test.each(["{", "[]", "{}", '{"ref":1}'])("cannot be read: %s", async (text) => {
    expect(await call("push", text)).toEqual({ state: "unreadable" });
  });
});
