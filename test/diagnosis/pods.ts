import type { PodSpec } from "../../sandbox/kubernetes/objects.ts";
import type { Run } from "../../sandbox/kubernetes/nature.ts";
import type { Case } from "./case.ts";
import {
  asWorkload,
  helmFailed,
  isChanged,
  nature,
  newPods,
  release,
  restarted,
  rollingBack,
  waitsFor,
  withMigration,
  withoutRetries,
} from "./new-pods.ts";
import type { Stage } from "./stage.ts";

const crash = { ends: 2000, exitCode: 1 } as const;

/** What the new pods can run into. */
export const podCases: readonly Case[] = [
  {
    cause: "pull-not-found",
    approved: nature({
      pull: ({ name, tag }) => `rpc error: code = NotFound desc = ${name}:${tag}: not found`,
    }),
    decidable: waitsFor("ErrImagePull"),
    words: [/production-\d+: not found/],
  },
  {
    cause: "pull-denied",
    scenario: "image-cannot-be-pulled",
    decidable: waitsFor("ErrImagePull"),
    words: ["401 Unauthorized"],
  },
  {
    cause: "image-name-invalid",
    approved: nature({
      create: () => ({
        reason: "InvalidImageName",
        message: `Failed to apply default image tag "Web:1": couldn't parse image name "Web:1"`,
      }),
    }),
    decidable: waitsFor("InvalidImageName"),
    words: ["couldn't parse image name"],
  },
  {
    cause: "image-pull-failed",
    approved: nature({ pull: () => "failed commit on ref: unexpected commit digest sha256:0" }),
    decidable: waitsFor("ErrImagePull"),
    words: ["unexpected commit digest"],
  },
  {
    cause: "crash-loop",
    scenario: "crash-loop",
    decidable: restarted(1),
    words: ["exit code 1", "TILE_CACHE_URL is not set"],
  },
  {
    cause: "crash-loop",
    name: "of a sidecar",
    approved: nature({
      mutate: withSidecar,
      run: (_pod, { name }) => (name === "sidecar" ? { ends: 2000, exitCode: 2 } : undefined),
    }),
    decidable: restarted(1),
    words: ["container sidecar", "exit code 2"],
  },
  {
    cause: "crash-loop",
    name: "that heals after it was told",
    approved: nature({ run: (_pod, _container, attempt) => (attempt <= 3 ? crash : undefined) }),
    decidable: restarted(1),
    followed: true,
    ends: "live",
    words: ["is not live", "The new pods crash on start.", "is live after all"],
  },
  {
    cause: "crash-loop",
    name: "then rolled back by Flux",
    before: rollingBack,
    approved: nature({ run: () => crash }),
    decidable: restarted(1),
    followed: true,
    words: ["Flux rolled back to production-40655."],
  },
  {
    cause: "out-of-memory",
    approved: nature({ run: () => ({ ends: 3000, exitCode: 137, reason: "OOMKilled" }) }),
    decidable: restarted(1),
    words: ["exit code 137", "killed for its memory"],
  },
  {
    cause: "init-container-failed",
    approved: nature({
      mutate: (spec) => {
        const image = spec.containers[0]?.image ?? "";
        return { ...spec, initContainers: [{ name: "migrate", image }] };
      },
      run: (_pod, { name }) => (name === "migrate" ? { ends: 1000, exitCode: 3 } : undefined),
      says: (_pod, { name }) =>
        name === "migrate" ? ['Error: relation "tiles" does not exist'] : [],
    }),
    decidable: restarted(1),
    words: ["init container migrate", "exit code 3", 'relation "tiles" does not exist'],
  },
  {
    cause: "liveness-failing",
    approved: nature({ run: () => ({ killedAfter: 6000 }) }),
    decidable: restarted(2),
    words: ["exit code 137", "Liveness probe failed"],
  },
  {
    cause: "readiness-failing",
    before: withoutRetries,
    approved: nature({ run: () => ({ readyAfter: "never" }) }),
    decidable: helmFailed,
    words: [
      /suspicion: \S+: container web is not ready/,
      "Readiness probe failed: HTTP probe failed with statuscode: 503",
    ],
  },
  {
    cause: "config-missing",
    approved: nature({
      create: () => ({
        reason: "CreateContainerConfigError",
        message: 'configmap "omnispatial-web-settings" not found',
      }),
    }),
    decidable: waitsFor("CreateContainerConfigError"),
    words: ['configmap "omnispatial-web-settings" not found'],
  },
  {
    cause: "config-missing",
    name: "a Secret of a volume",
    approved: nature({
      prepare: () => ({
        reason: "FailedMount",
        message: 'MountVolume.SetUp failed for volume "certificates" : secret "web-tls" not found',
      }),
    }),
    decidable: (stage) => newPods(stage).length > 0,
    words: ['secret "web-tls" not found'],
  },
  {
    cause: "container-config",
    approved: nature({
      create: () => ({
        reason: "CreateContainerError",
        message: "failed to generate container spec: path /etc/settings is not a file",
      }),
    }),
    decidable: waitsFor("CreateContainerError"),
    words: ["path /etc/settings is not a file"],
  },
  {
    cause: "volume-failed",
    before: withoutRetries,
    approved: nature({
      prepare: () => ({
        reason: "FailedAttachVolume",
        message: 'Multi-Attach error for volume "pvc-1" Volume is already used by pod web-0',
      }),
    }),
    decidable: helmFailed,
    words: [/suspicion: \S+: FailedAttachVolume/, "Multi-Attach error"],
  },
  {
    cause: "pods-not-started",
    before: withoutRetries,
    approved: nature({
      prepare: () => ({
        reason: "FailedCreatePodSandBox",
        message: "Failed to create pod sandbox: plugin azure-vnet failed (add)",
      }),
    }),
    decidable: helmFailed,
    words: [/suspicion: \S+: FailedCreatePodSandBox/, "plugin azure-vnet failed"],
  },
  {
    cause: "unschedulable",
    before: withoutRetries,
    approved: nature({ schedule: () => "0/3 nodes are available: 3 Insufficient cpu." }),
    decidable: helmFailed,
    words: [/suspicion: \S+ waits for a node/, "3 Insufficient cpu"],
  },
  {
    cause: "quota-exceeded",
    approved: nature({
      admit: () =>
        'pods "omnispatial-web-1" is forbidden: exceeded quota: compute, requested: requests.cpu=100m, used: requests.cpu=2, limited: requests.cpu=2',
    }),
    decidable: isChanged,
    words: ["exceeded quota: compute"],
  },
  {
    cause: "pods-not-created",
    approved: nature({
      admit: () =>
        'admission webhook "validate.policy" denied the request: runAsNonRoot is required',
    }),
    decidable: isChanged,
    words: ["runAsNonRoot is required"],
  },
  {
    cause: "statefulset-blocked",
    before: asWorkload("StatefulSet"),
    approved: nature({ run: () => ({ readyAfter: "never" }) }),
    decidable: helmFailed,
    words: [
      /suspicion: omnispatial-web-2: container web is not ready.*the other pods of StatefulSet omnispatial-web wait for it/,
    ],
  },
  {
    cause: "crash-loop",
    name: "of the first pod of a StatefulSet",
    before: asWorkload("StatefulSet"),
    scenario: "crash-loop",
    decidable: restarted(1),
    words: ["omnispatial-web-2: container web crashed", "TILE_CACHE_URL is not set"],
  },
  {
    cause: "quota-exceeded",
    name: "for a StatefulSet, of which only events tell",
    before: asWorkload("StatefulSet"),
    approved: nature({
      admit: () => 'pods "omnispatial-web-2" is forbidden: exceeded quota: pods',
    }),
    decidable: ({ world }) =>
      world.kubernetes.store
        .list("events", "omnispatial")
        .some(({ reason }) => reason === "FailedCreate"),
    words: ["StatefulSet omnispatial-web: ", "exceeded quota: pods"],
  },
  {
    cause: "pull-denied",
    name: "on the first node of a DaemonSet",
    before: asWorkload("DaemonSet"),
    scenario: "image-cannot-be-pulled",
    decidable: waitsFor("ErrImagePull"),
    words: ["401 Unauthorized"],
  },
  {
    cause: "job-failed",
    name: "a migration before the upgrade",
    approved: async (stage) => {
      migrating({ ends: 2000, exitCode: 3 })(stage);
      await withMigration("backoffLimit: 1")(stage);
    },
    decidable: isJobFailed,
    words: [
      /suspicion: .*container migrate crashed, exit code 3/,
      "Job omnispatial-web-migrate: Job has reached the specified backoff limit",
      'relation "tiles" does not exist',
    ],
  },
  {
    cause: "job-failed",
    name: "a migration beside the upgrade",
    approved: async (stage) => {
      migrating({ ends: 2000, exitCode: 3 })(stage);
      await withMigration("hook: false, backoffLimit: 0")(stage);
    },
    decidable: isJobFailed,
    words: [
      /Job omnispatial-web-migrate-\d+: Job has reached the specified backoff limit/,
      'relation "tiles" does not exist',
    ],
  },
  {
    cause: "rollout-paused",
    approved: ({ world }) => {
      world.kubernetes.store.update("deployments", "omnispatial", release, ({ spec }) => {
        spec.paused = true;
      });
    },
    decidable: isChanged,
    words: [`Deployment ${release} is paused.`],
  },
  {
    cause: "rollout-stalled",
    scenario: "slow",
    config: (production) => {
      production["deadlines"] = { "roll-out": "10s" };
    },
    decidable: (stage) => newPods(stage).length > 0,
    words: [/0 of 3 ready on \d+/],
  },
];

/** How the migration goes, on the new image. */
export function migrating(...runs: readonly [Run, ...Run[]]): (stage: Stage) => void {
  let pods = 0;
  return nature({
    run: (_pod, { name }) =>
      name === "migrate" ? runs[Math.min(pods++, runs.length - 1)] : undefined,
    says: (_pod, { name }) =>
      name === "migrate" ? ['Error: relation "tiles" does not exist'] : [],
  });
}

function isJobFailed({ world }: Stage): boolean {
  return world.kubernetes.store
    .list("jobs", "omnispatial")
    .some(({ status }) => status.conditions?.some(({ type }) => type === "Failed") === true);
}

/** As a service mesh does. */
export function withSidecar(spec: PodSpec): PodSpec {
  const image = spec.containers[0]?.image ?? "";
  return { ...spec, containers: [...spec.containers, { name: "sidecar", image }] };
}
