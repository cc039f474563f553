import type { Deployment, Evidence } from "../../src/deployment/deployment.ts";
import { gapOf } from "../../src/deployment/proof.ts";
import { deploymentAt, digest } from "./fakes.ts";

const before = deploymentAt("check-health");
const other = `sha256:${"0".repeat(64)}`;
const whole: Evidence = {
  ...before.evidence,
  sync: { generation: 8, relation: "same" },
  release: { version: 13, generation: 8 },
  rollout: {
    pods: 1,
    podsReady: 1,
    digest,
    running: [{ workload: "Deployment web", pod: "web-1", digest }],
  },
  health: { checks: [{ name: "web", ok: true, answer: "200" }], successes: 3 },
};

function gap(evidence: Evidence, change: Partial<Deployment> = {}): string | undefined {
  return gapOf({ ...before, ...change, evidence })?.code;
}

function without(link: keyof Evidence): Evidence {
  const { [link]: _, ...rest } = whole;
  return rest;
}

describe("P10 the chain of evidence", () => {
  test("holds from the approved commit to the healthy pods", () => {
    expect(gap(whole)).toBeUndefined();
  });

  test("holds without what an earlier version did not keep", () => {
    const rollout = { pods: 1, podsReady: 1, release: 13 };
    expect(gap({ ...without("release"), sync: { generation: 8 }, rollout })).toBeUndefined();
  });

  test("P7 needs no run where a build is brought that exists", () => {
    const target = { from: "build", build: 40672 } as const;
    expect(gap(without("run"), { kind: "rollback", target })).toBeUndefined();
  });

  const run = { id: 1, number: "1", commit: "f".repeat(40), url: "u" };
  const rollout = { pods: 2, podsReady: 2 };
  const running = [{ workload: "Deployment web", pod: "web-2", digest: other }];

  test.each<[string, Evidence, string]>([
    ["the run built another commit", { ...whole, run }, "commit-mismatch"],
    ["nothing was built", without("run"), "commit-mismatch"],
    ["nobody knows the image", without("image"), "image-not-found"],
    [
      "the change says another tag",
      { ...whole, image: { tag: "production-1", digest, digests: [digest] } },
      "change-unexpected",
    ],
    ["there is no merge", without("merge"), "merge-lost"],
    ["Flux applied nothing", without("sync"), "flux-apply-failed"],
    ["nobody saw the pods", without("rollout"), "rollout-stalled"],
    ["a pod is not ready", { ...whole, rollout: { ...rollout, podsReady: 1 } }, "rollout-stalled"],
    [
      "the pods run another image",
      { ...whole, rollout: { ...rollout, digest: other } },
      "digest-mismatch",
    ],
    [
      "one of the pods runs another image",
      { ...whole, rollout: { ...rollout, digest, running } },
      "digest-mismatch",
    ],
    [
      "a check is not well",
      { ...whole, health: { checks: [{ name: "web", ok: false, answer: "503" }], successes: 0 } },
      "health-failing",
    ],
  ])("is broken, and named, where %s", (_, evidence, code) => {
    expect(gap(evidence)).toBe(code);
  });
});
