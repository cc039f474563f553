import type { EnvironmentStatus } from "../../../src/deployment/status.ts";
import { asked, day, everyState, megan, minute } from "./deployments.ts";

export function status(changes: Partial<EnvironmentStatus> = {}): EnvironmentStatus {
  return {
    environment: "production",
    tag: { wanted: "production-40655", since: asked - 3 * day, by: "Megan Bowen" },
    image: { state: "well", sentence: "in the registry, sha256:9f3c41…" },
    flux: { state: "well", sentence: "release 14, at main@a81f0c2", since: asked + 5 * minute },
    pods: { state: "well", sentence: "3 of 3 ready on production-40655" },
    health: [{ name: "web", ok: true, answer: "200" }],
    lock: undefined,
    freeze: undefined,
    active: undefined,
    followed: undefined,
    last: everyState.live,
    lastGood: everyState.live,
    unanswered: [],
    problems: [],
    ...changes,
  };
}

const well = status({
  tag: { wanted: "production-40672", since: asked + 7 * minute, by: "Alex Wilber" },
  pods: { state: "well", sentence: "3 of 3 ready on production-40672" },
  health: ["web", "tiles"].map((name) => ({ name, ok: true, answer: "200" })),
});
const notKnown = { state: "unknown", sentence: "not known" } as const;
const crashed = status({
  tag: { wanted: "production-40672", since: asked + 7 * minute, by: "Alex Wilber" },
  flux: { state: "ill", sentence: "upgrade to release 15 fails: timed out waiting for web" },
  pods: { state: "ill", sentence: "1 of 3 ready on production-40672: web crashes on start" },
  health: [
    { name: "web", ok: false, answer: "answers 503" },
    { name: "tiles", ok: true, answer: "200" },
  ],
  last: everyState.crashed,
  lastGood: {
    ...everyState["rolled back"],
    id: 121,
    evidence: {
      ...everyState["rolled back"].evidence,
      image: { tag: "production-40641", digest: "sha256:9f3c41", digests: [] },
    },
    endedAt: asked - 3 * day,
  },
});

/** What `status` answers, by how things stand. */
export const statuses = {
  well: [well],
  "not well": [crashed] as const,
  "partly known": [
    status({
      flux: notKnown,
      pods: notKnown,
      health: undefined,
      unanswered: ["The cluster", "The health checks"],
      problems: ["The registry does not let omnibot in."],
    }),
  ],
  "under way": [status({ active: everyState.building, last: undefined })],
  "put there by hand": [
    status({
      tag: {
        wanted: "production-40612",
        since: asked - minute,
        by: "diego-siciliani",
        byHand: true,
        url: "https://github.com/omnispatial/gitops/commit/29c5301e0",
      },
      followed: everyState["changed by hand"],
      last: undefined,
    }),
  ],
  "locked and frozen": [
    status({
      lock: {
        environment: "production",
        owner: megan,
        reason: "I look at the tiles",
        since: asked - 20 * minute,
        until: asked + 100 * minute,
      },
      freeze: { reason: "Weekend", until: asked + 3 * day },
    }),
  ],
  "two environments": [
    well,
    status({ environment: "staging", last: undefined, lastGood: undefined }),
  ],
  overview: [well, crashed, status({ health: undefined })].map((one, i) => ({
    ...one,
    environment: ["production", "staging", "demo"][i] ?? "",
  })),
} satisfies Record<string, readonly EnvironmentStatus[]>;

/** Deployments as `history` lists them, newest first: one of each ending. */
export const newest = (
  [
    "rolling out",
    "live",
    "crashed",
    "changed by hand, live",
    "rolled back",
    "rejected",
    "expired",
    "canceled",
  ] as const
).map((name, i) => {
  const one = everyState[name];
  const ago = i * i * 9 * 60 * minute;
  return {
    ...one,
    id: 128 - i,
    requestedAt: one.requestedAt - ago,
    ...(one.endedAt === undefined ? {} : { endedAt: one.endedAt - ago }),
  };
});

/** Builds that ran well before. */
export const goodBuilds = [40_655, 40_641, 40_612, 40_609, 40_587].map((build, i) => {
  const ago = (i + 1) * 3 * day;
  const { requestedAt } = everyState.live;
  return {
    build,
    // Of the oldest nothing but its tag is known.
    commit: i === 4 ? undefined : everyState.live.evidence.proposal?.changes?.[i % 3],
    deployment: {
      ...everyState.live,
      id: 120 - i,
      requestedAt: requestedAt - ago,
      endedAt: requestedAt - ago + 6 * minute,
    },
  };
});
