import type { Environment } from "../../../src/config/config.ts";
import type { Deployment, Progress } from "../../../src/deployment/deployment.ts";
import { production as common } from "../../production.ts";

/** 14:42:00 in UTC. */
export const asked = Date.UTC(2026, 4, 12, 14, 42);
export const minute = 60_000;
export const day = 24 * 60 * minute;

export const alex = { id: "a1e80b5c-4d3f-4b1e-9c27-5e0f7a6d2b01", name: "Alex Wilber" };
export const megan = { id: "be3a7c2d-91f4-4e60-8a5b-2c7d40f9e302", name: "Megan Bowen" };
export const adele = { id: "ad0c5e1f-7b28-4a93-b6f4-8e1d92c3a703", name: "Adele Vance" };

export const production: Environment = {
  ...common,
  approval: { ...common.approval, approvers: [megan.id, adele.id] },
  health: [
    { name: "web", url: "https://app.omnispatial.example/healthz", status: 200 },
    { name: "tiles", url: "https://tiles.omnispatial.example/healthz", status: 200 },
  ],
};

export const context = {
  environment: production,
  now: asked + 9 * minute,
  timeZone: "Europe/Berlin",
};

const commit = "3f9c2ab5d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f";
const digest = `sha256:9f3c41${"0".repeat(58)}`;

const titles: Readonly<Record<string, string>> = {
  approve: "Approve",
  build: "Build",
  "verify-image": "Image",
  "open-change": "Change",
  "merge-change": "Merge",
  sync: "Flux",
  "roll-out": "Pods",
  "check-health": "Health",
};

/** The steps with the first `done` of them done, the next in `state`, the rest to come. */
export function steps(
  done: number,
  state: "running" | "failed" | "pending",
  sentence = "",
): Progress[] {
  return Object.entries(titles).map(([step, title], index): Progress => {
    const startedAt = asked + index * minute;
    if (index < done)
      return {
        step,
        title,
        state: "done",
        startedAt,
        endedAt: startedAt + 48_000,
        sentence: "done",
      };
    if (index > done || state === "pending") return { step, title, state: "pending" };
    return {
      step,
      title,
      state,
      startedAt,
      sentence,
      ...(state === "failed" ? { endedAt: startedAt + 34_000 } : {}),
    };
  });
}

export function deployment(changes: Partial<Deployment> = {}): Deployment {
  return {
    id: 128,
    key: "a1b2c3d4e5f6",
    kind: "deploy",
    environment: "production",
    target: { from: "branch" },
    requester: alex,
    requestedAt: asked,
    state: "active",
    progress: steps(0, "running"),
    evidence: {},
    approvals: [],
    expiresAt: asked + 60 * minute,
    revision: 1,
    ...changes,
  };
}

export const proposal = {
  commit: {
    id: commit,
    url: "https://dev.azure.com/omnispatial/OmniSpatial/_git/web/commit/3f9c2ab",
  },
  branch: "main",
  release: { name: "omnispatial-web" },
  liveTag: "production-40655",
  liveSince: asked - 3 * day - minute,
  changes: (
    [
      ["3f9c2ab5", "Adele Vance", "Serve tiles from the nearest cache"],
      ["91be0440", "Alex Wilber", "Keep the map's zoom when the page is loaded again"],
      ["c07d1f82", "Megan Bowen", "Raise the memory limit of web to 768Mi"],
      ["5ad20be7", "Lee Gu", "Name the layer in the legend"],
      ["e4410c9d", "Diego Siciliani", "Fix a typo in the login page"],
      ["77f3a2c1", "Adele Vance", "Ask for less of the elevation service"],
    ] as const
  ).map(([id, author, message]) => ({
    id,
    message: `${message}\n\nlong text`,
    author,
    url: `https://dev.azure.com/omnispatial/OmniSpatial/_git/web/commit/${id}`,
  })),
  changeCount: 14,
  changesUrl:
    "https://dev.azure.com/omnispatial/OmniSpatial/_git/web/branchCompare?baseVersion=GC77f3a2c1&targetVersion=GC3f9c2ab5&_a=commits",
  workItems: (
    [
      [4431, "The map is slow outside of Europe"],
      [4437, "The zoom is lost when the page is loaded again"],
      [4440, undefined],
    ] as const
  ).map(([id, title]) => ({
    id,
    ...(title === undefined ? {} : { title }),
    url: `https://dev.azure.com/omnispatial/OmniSpatial/_workitems/edit/${id}`,
  })),
} as const;

const approvals = [{ person: megan, at: asked + minute }];

const built = {
  proposal,
  run: {
    id: 40672,
    number: "20260512.3",
    commit,
    url: "https://dev.azure.com/omnispatial/OmniSpatial/_build/results?buildId=40672",
  },
  image: { tag: "production-40672", digest, digests: [digest] },
  change: {
    branch: "omnibot/a1b2c3d4e5f6",
    head: "c0ffee",
    pullRequest: 871,
    url: "https://github.com/omnispatial/gitops/pull/871",
    from: "production-40655",
    to: "production-40672",
  },
  merge: { commit: "a81f0c2aa", url: "https://github.com/omnispatial/gitops/commit/a81f0c2aa" },
  sync: { generation: 7, revision: "main@sha1:a81f0c2aa", relation: "same" as const },
  release: { version: 14, generation: 7 },
  rollout: { pods: 3, podsReady: 2 },
};

/** Earlier versions kept no times, and less of Flux and the pods. */
const older = {
  proposal: built.proposal,
  run: built.run,
  image: built.image,
  change: built.change,
  merge: built.merge,
  sync: { generation: 7, revision: "main@sha1:a81f0c2aa" },
};

/** As withEvidence keeps them: one minute for each link. */
const witnesses = Object.fromEntries(
  [
    ["proposal", "Azure DevOps, OmniSpatial"],
    ["run", "Azure DevOps, pipeline 12 of OmniSpatial"],
    ["image", "omnispatial.azurecr.io/omnispatial/web"],
    ["change", "GitHub, omnispatial/gitops"],
    ["merge", "GitHub, omnispatial/gitops"],
    ["sync", "Flux, its Kustomization and HelmRelease"],
    ["release", "Flux, the HelmRelease"],
    ["rollout", "Kubernetes, the pods themselves"],
    ["health", "the application itself"],
  ].map(([link, source], i) => [link, { at: asked + i * minute, source }]),
);

const running = ["7c9d5-2xkqv", "7c9d5-8wz4t", "7c9d5-m6r9p"].map((pod) => ({
  workload: "Deployment omnispatial-web",
  pod: `omnispatial-web-${pod}`,
  digest,
}));

const back = {
  kind: "rollback",
  target: { from: "build", build: 40655 },
} as const;

const backProposal = {
  ...built.proposal,
  liveTag: "production-40672",
  tag: "production-40655",
  workItems: [],
};

const edit = {
  commit: "29c5301e0",
  url: "https://github.com/omnispatial/gitops/commit/29c5301e0",
  author: "diego-siciliani",
  at: asked - minute,
  from: "production-40655",
  to: "production-40612",
  commits: 1,
};
const { to: _none, ...unreadable } = edit;
const editProposal = {
  release: proposal.release,
  liveTag: edit.from,
  tag: edit.to,
};

/** A change past omnibot, which is followed. */
function byHand(changes: Partial<Deployment>): Deployment {
  const order = ["observe", "verify-image", "sync", "roll-out", "check-health"];
  return deployment({
    kind: "observed",
    target: { from: "git" },
    requester: { id: "github:diego-siciliani", name: "diego-siciliani" },
    evidence: { edit },
    progress: order.map((step, i): Progress => {
      const title = titles[step] ?? "Change";
      if (i > 0) return { step, title, state: "pending" };
      const state = changes.state === "failed" ? "failed" : "running";
      return { step, title, state, startedAt: asked };
    }),
    ...changes,
  });
}

/** A deployment in every state that a card can show. */
export const everyState = {
  "just asked": deployment(),
  waiting: deployment({ evidence: { proposal } }),
  "waiting, with nothing known of what would ship": deployment({
    evidence: {
      proposal: {
        commit: proposal.commit,
        branch: "main",
        release: proposal.release,
        liveTag: "production-40655",
        unchecked: ["what would ship (no answer in 5 seconds)"],
      },
    },
  }),
  "waiting, with very many changes": deployment({
    evidence: { proposal: { ...proposal, changeCount: 50, changesAtLeast: true } },
  }),
  "waiting, with no change": deployment({
    evidence: { proposal: { ...proposal, changes: [], changeCount: 0, workItems: [] } },
  }),
  "waiting, with warnings": deployment({
    evidence: {
      proposal: {
        ...proposal,
        warnings: ["Kustomization operations is suspended.", "main asks for a review."],
        unchecked: ["the registry (no answer in 4 seconds)"],
      },
    },
  }),
  "half approved": deployment({ evidence: { proposal }, approvals: [] }),
  "approved, not yet noticed": deployment({ evidence: { proposal }, approvals }),
  building: deployment({
    evidence: { proposal, run: built.run },
    approvals,
    progress: steps(1, "running", "Task 3 of 5: push image"),
  }),
  "rolling out": deployment({
    evidence: built,
    approvals,
    progress: steps(6, "running", "2 of 3 ready on 40672"),
  }),
  live: deployment({
    state: "live",
    evidence: {
      ...built,
      witnesses,
      rollout: { pods: 3, podsReady: 3, digest, running },
      health: {
        checks: ["web", "tiles", "login"].map((name) => ({ name, ok: true, answer: "200" })),
        successes: 3,
      },
    },
    approvals,
    progress: steps(8, "pending"),
    endedAt: asked + 7 * minute + 58_000,
  }),
  "live, by an earlier version": deployment({
    state: "live",
    evidence: {
      ...older,
      rollout: { pods: 3, podsReady: 3, release: 14, digest },
    },
    approvals,
    progress: steps(8, "pending"),
    endedAt: asked + 7 * minute + 58_000,
  }),
  crashed: deployment({
    state: "failed",
    evidence: built,
    approvals,
    progress: steps(6, "failed", "web crashes on start (exit code 1)."),
    endedAt: asked + 8 * minute,
    failure: {
      code: "crash-loop",
      step: "roll-out",
      detail: "web crashes on start (exit code 1).",
      excerpt: {
        title: "web in omnispatial-web-7c9d5, last lines before the crash",
        lines: ["Error: TILE_CACHE_URL is not set", "    at config (/app/server.js:41)"],
      },
    },
  }),
  "crashed, with a way back": deployment({
    state: "failed",
    evidence: built,
    approvals,
    progress: steps(6, "failed", "web crashes on start (exit code 1)."),
    endedAt: asked + 8 * minute,
    failure: {
      code: "crash-loop",
      step: "roll-out",
      detail: "web crashes on start (exit code 1).",
      wayBack: { build: 40641, tag: "production-40641" },
    },
  }),
  "build failed": deployment({
    state: "failed",
    evidence: { proposal, run: built.run },
    approvals,
    progress: steps(1, "failed", "Task push failed."),
    endedAt: asked + 8 * minute,
    failure: {
      code: "pipeline-failed",
      step: "build",
      detail: "Task push failed.",
      url: built.run.url,
    },
  }),
  "failed before the proposal": deployment({
    state: "failed",
    progress: steps(0, "failed", "No such branch."),
    endedAt: asked + minute,
    failure: { code: "branch-not-found", step: "approve", detail: "No such branch." },
  }),
  "failed by a service": deployment({
    state: "failed",
    progress: steps(0, "failed", "GitHub answered 403."),
    endedAt: asked + minute,
    failure: {
      code: "service-denied",
      step: "approve",
      detail: "GitHub answered 403.",
      service: "github",
    },
  }),
  "failed with a code of another version": deployment({
    state: "failed",
    progress: steps(0, "failed", "New."),
    endedAt: asked + minute,
    failure: { code: "constructor", step: "approve", detail: "New." },
  }),
  "changed by hand": byHand({ state: "active" }),
  "changed by hand, live": byHand({
    state: "live",
    evidence: {
      edit,
      proposal: editProposal,
      merge: { commit: edit.commit, url: edit.url },
      image: { tag: edit.to, digest, digests: [digest] },
      sync: built.sync,
      release: built.release,
      rollout: { pods: 3, podsReady: 3, digest, running },
    },
    endedAt: asked + 2 * minute,
  }),
  "changed by hand, failed": byHand({
    state: "failed",
    evidence: { edit, merge: built.merge, proposal: editProposal },
    endedAt: asked + 2 * minute,
    failure: { code: "image-not-found", step: "verify-image", detail: "It is not there." },
  }),
  "broken by hand": byHand({
    state: "failed",
    evidence: { edit: unreadable },
    endedAt: asked + minute,
    failure: { code: "yaml-invalid", step: "observe", detail: "Line 9: a tab.", url: edit.url },
  }),
  rejected: deployment({
    state: "rejected",
    evidence: { proposal },
    endedAt: asked + minute,
    rejection: { person: megan, at: asked + minute, reason: "The migration is not ready" },
  }),
  canceled: deployment({
    state: "canceled",
    evidence: { proposal },
    approvals,
    endedAt: asked + minute,
    cancellation: { person: megan, at: asked + minute },
    progress: steps(4, "failed", "Pull request 871 is closed; Git was not changed."),
  }),
  "being canceled": deployment({
    evidence: { proposal },
    approvals,
    cancellation: { person: megan, at: asked + minute },
    progress: steps(2, "running", "Azure DevOps is canceling run 40672"),
  }),
  override: deployment({
    evidence: { proposal },
    override: { reason: "The *pods* are burning" },
  }),
  expired: deployment({ state: "expired", evidence: { proposal }, endedAt: asked + 60 * minute }),
  "rollback waiting": deployment({
    ...back,
    evidence: { proposal: backProposal, run: { ...built.run, id: 40655 } },
  }),
  "rolling back": deployment({
    ...back,
    evidence: { proposal: backProposal },
    approvals,
    progress: steps(2, "running", "Looks for production-40655 in the registry").filter(
      (one) => one.step !== "build",
    ),
  }),
  "going back by itself": deployment({
    ...back,
    target: { from: "build", build: 40655, automatic: true },
    requester: { id: "omnibot", name: "omnibot" },
  }),
  "rolled back": deployment({
    ...back,
    state: "live",
    evidence: {
      proposal: backProposal,
      image: { tag: "production-40655", digest, digests: [digest] },
    },
    approvals,
    endedAt: asked + 2 * minute,
  }),
} satisfies Record<string, Deployment>;
