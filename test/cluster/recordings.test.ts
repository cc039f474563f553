import { decideRollout } from "../../src/cluster/rollout.ts";
import type { RolloutState } from "../../src/deployment/ports.ts";
import { hasRecordings, replay, repository, tag, verdictsOf } from "./recording.ts";

/** What each recording must end in, and the earliest moment (ms) at which its state allows to say so. */
const expected = [
  ["01-success-rolling-update", "ready", 10472],
  ["02-image-not-found", "image-pull-failed", 2271],
  ["03-image-pull-denied", "image-pull-failed", 2428],
  ["04-crash-loop", "crash-loop", 7421],
  ["06-readiness-never", "rollout-stalled", 31409],
  ["07-unschedulable", "progressing", 0],
  ["08-quota-exceeded", "pods-not-created", 766],
  ["09-missing-configmap", "container-config", 2381],
  ["10-init-container-fails", "crash-loop", 5764],
  ["11-slow-success", "ready", 90855],
  ["13-superseded", "progressing", 0],
  ["15-paused-deployment", "rollout-paused", 733],
  ["16-scaled-to-zero", "ready", 753],
  ["17-statefulset-blocked", "progressing", 0],
  ["19-recreate-strategy", "ready", 5370],
  ["22-sidecar-only-broken", "crash-loop", 8531],
] as const;

const verdict = (state: RolloutState) => (state.state === "failed" ? state.code : state.state);

const title = hasRecordings()
  ? "Recordings of a real API server"
  : "The recordings (../shared/recordings) are not here: nothing is replayed";

(hasRecordings() ? describe : describe.skip)(title, () => {
  test.each(expected)("%s ends in %s, and never cries wolf before", (name, end, decidable) => {
    const verdicts = verdictsOf(name);
    const decided = verdicts.filter(({ state }) => state.state !== "progressing");
    for (const { t, state } of decided) {
      expect([verdict(state), t >= decidable]).toEqual([end, true]);
    }
    const last = verdicts.at(-1);
    expect(last === undefined ? undefined : verdict(last.state)).toBe(end);
  });

  test("12-heals-after-deadline is stalled at its deadline, then ready", () => {
    const verdicts = verdictsOf("12-heals-after-deadline");
    const failures = verdicts.filter(({ state }) => state.state === "failed");
    expect(new Set(failures.map(({ state }) => verdict(state)))).toEqual(
      new Set(["rollout-stalled"]),
    );
    expect(failures[0]?.t).toBe(20892);
    expect(verdicts.at(-1)?.state.state).toBe("ready");
  });

  test("P7 with another digest in the registry a recorded success is none", () => {
    const digests = [`sha256:${"0".repeat(64)}`];
    const states = [...replay("01-success-rolling-update.ndjson")].map(({ objects }) =>
      decideRollout(objects, { repository, tag, digests }),
    );
    expect(states.some(({ state }) => state === "ready")).toBe(false);
    expect(states.at(-1)).toMatchObject({ state: "failed", code: "digest-mismatch" });
  });

  test("17-statefulset-blocked names the pod that holds up the rest", () => {
    const last = verdictsOf("17-statefulset-blocked").at(-1)?.state;
    expect(last).toMatchObject({
      sentence:
        "3 of 6 ready on 40672, 2 of 6 still on 40655; omnispatial-worker-2: container worker is not ready",
    });
  });
});
