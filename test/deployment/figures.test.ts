import type { Deployment } from "../../src/deployment/deployment.ts";
import { figuresOf } from "../../src/deployment/figures.ts";
import { deploymentAt } from "./fakes.ts";

const hour = 60 * 60_000;
const day = 24 * hour;
const now = 200 * day;
const merge = { commit: "c".repeat(40), url: "https://github.com/commit/c" };

/** Deployment number `id`, which ended so many days ago. */
function row(id: number, ago: number, change: Partial<Deployment> = {}): Deployment {
  const endedAt = now - ago * day;
  const { evidence, ...rest } = change;
  return {
    ...deploymentAt("check-health", { id, state: "live" }),
    requestedAt: endedAt - hour,
    endedAt,
    ...rest,
    evidence: { merge, ...evidence },
  };
}

/** One that nothing was merged of. */
function unmerged(id: number, ago: number, state: Deployment["state"]): Deployment {
  const { merge: _, ...evidence } = row(id, ago).evidence;
  return { ...row(id, ago), state, evidence };
}

const committed =
  (...hoursBefore: readonly number[]) =>
  (ended: number) => ({
    proposal: {
      release: { name: "web" },
      liveTag: "production-40655",
      changes: hoursBefore.map((hours) => ({ id: "a", at: now - ended * day - hours * hour })),
    },
  });

describe("figures", () => {
  test("of nothing are nothing, and not a division by it", () => {
    expect(figuresOf([], 30, now)).toEqual({
      days: 30,
      live: 0,
      rollbacks: 0,
      byHand: 0,
      leadTime: undefined,
      merged: 0,
      failed: 0,
      timeToRestore: undefined,
    });
  });

  test("count what went live within the days, and rollbacks and changes by hand beside it", () => {
    const all = [
      row(1, 40),
      row(2, 20),
      row(3, 10),
      row(4, 5, { kind: "observed" }),
      unmerged(5, 4, "rejected"),
    ];
    expect(figuresOf(all, 30, now)).toMatchObject({ live: 2, rollbacks: 0, byHand: 1, failed: 0 });
    expect(figuresOf(all, 90, now)).toMatchObject({ live: 3 });
  });

  test("take the median from each commit to the moment in which it was live", () => {
    const all = [
      row(1, 3, { evidence: committed(1, 5)(3) }),
      row(2, 2, { evidence: committed(48)(2) }),
      // What an earlier version wrote has no times of commits.
      row(3, 1),
    ];
    expect(figuresOf(all, 30, now).leadTime).toBe(5 * hour);
  });

  test("a failed change is one that failed after its merge, that healed, or that was rolled back", () => {
    const healed = { code: "crash-loop", step: "roll-out", detail: "" } as const;
    const all = [
      row(1, 9),
      row(2, 8, { state: "failed" }),
      row(3, 7, { kind: "rollback" }),
      row(4, 6, { healed }),
      row(5, 5),
      row(6, 4, { kind: "rollback" }),
      // It failed before anything was merged: nobody noticed.
      unmerged(7, 3, "failed"),
      row(8, 2),
    ];
    expect(figuresOf(all, 30, now)).toMatchObject({ merged: 5, failed: 3, rollbacks: 2 });
  });

  test("time to restore is from the failure, or from asking to go back, until something is live again", () => {
    const all = [
      row(1, 9, { state: "failed" }),
      row(2, 8, { kind: "rollback" }),
      row(3, 6),
      row(4, 5, { kind: "rollback" }),
      // Not well yet: it counts as failed, and has no time.
      row(5, 1, { state: "failed" }),
    ];
    const { failed, timeToRestore } = figuresOf(all, 30, now);
    expect(failed).toBe(3);
    // A day, and an hour.
    expect(timeToRestore).toBe((day + hour) / 2);
  });
});
