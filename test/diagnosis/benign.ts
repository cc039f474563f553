import { deletePod } from "../../sandbox/kubernetes/pods.ts";
import type { Benign } from "./case.ts";
import {
  asWorkload,
  evict,
  firstTimes,
  isChanged,
  isOneReady,
  nature,
  newPods,
  pokeFlux,
  release,
  scaleTo,
  untilInWorld,
  withMigration,
} from "./new-pods.ts";
import { migrating, withSidecar } from "./pods.ts";

const namespace = "omnispatial";
const once = <T>(attempt: number, answer: T): T | undefined => (attempt === 1 ? answer : undefined);

/** What looks bad and is not, or is only slow. */
export const benign: readonly Benign[] = [
  { name: "all is well" },
  { name: "everything takes five times as long", scenario: "slow" },
  {
    name: "Helm is at work on something else when it is approved",
    approved: async (stage) => {
      await stage.edit((text) =>
        text.replace("TILE_CACHE_MINUTES: '30'", "TILE_CACHE_MINUTES: '60'"),
      );
      pokeFlux(stage);
      await untilInWorld(stage, () => {
        const found = stage.world.kubernetes.store.get("helmreleases", namespace, release);
        const { conditions = [] } = found?.status ?? {};
        return conditions.some(({ message }) => message.startsWith("Running 'upgrade'"));
      });
    },
    words: [/Since it was asked for:\W+Helm is at work on HelmRelease omnispatial-web/],
  },
  {
    name: "an image pull that fails once",
    approved: nature({ pull: ({ tag }, attempt) => once(attempt, `${tag}: not found`) }),
    words: [/suspicion: .*not found/],
  },
  {
    name: "a registry that is busy for a while",
    approved: nature({
      pull: (_image, attempt) => (attempt <= 2 ? "429 Too Many Requests" : undefined),
    }),
    words: ["429 Too Many Requests"],
  },
  {
    name: "the main container restarts once",
    approved: nature({
      run: (_pod, _container, attempt) => once(attempt, { ends: 2000, exitCode: 1 }),
    }),
    words: [/suspicion: .*exit code 1/],
  },
  {
    name: "a sidecar restarts once",
    approved: nature({
      mutate: withSidecar,
      run: (_pod, { name }, attempt) =>
        name === "sidecar" ? once(attempt, { ends: 1500, exitCode: 2 }) : undefined,
    }),
  },
  {
    name: "too little memory once",
    approved: nature({
      run: (_pod, _container, attempt) =>
        once(attempt, { ends: 3000, exitCode: 137, reason: "OOMKilled" }),
    }),
  },
  {
    name: "a readiness probe that fails for a while",
    approved: nature({ run: () => ({ readyAfter: 40_000 }) }),
    words: [/suspicion: .*is not ready/, "Look at what the readiness probe asks"],
  },
  {
    name: "a leader that waits for the one before",
    approved: nature({ run: () => ({ readyAfter: 12_000 }) }),
  },
  {
    name: "a surge pod that waits for room",
    approved: nature({ schedule: firstTimes(6, "0/3 nodes are available: 3 Insufficient cpu.") }),
    words: [/waits for a node/],
  },
  {
    name: "the autoscaler adds a node",
    approved: nature({ schedule: firstTimes(12, "0/3 nodes are available: 3 Insufficient cpu.") }),
    turns: [
      {
        when: (stage) => newPods(stage).length > 0,
        does: (stage) => {
          const [about] = newPods(stage);
          if (about === undefined) return;
          const message = "pod triggered scale-up: [{aks-apps 3->4 (max: 6)}]";
          const component = "cluster-autoscaler";
          stage.world.kubernetes.events.record({
            about,
            reason: "TriggeredScaleUp",
            message,
            component,
          });
        },
      },
    ],
    words: ["waits for a node that is being added"],
  },
  { name: "scaled up in the middle", turns: [{ when: isOneReady, does: scaleTo(5) }] },
  { name: "scaled down in the middle", turns: [{ when: isOneReady, does: scaleTo(2) }] },
  {
    name: "a new pod is evicted",
    turns: [{ when: isOneReady, does: (stage) => evict(stage, newPods(stage)[0]) }],
  },
  {
    name: "a node is drained",
    turns: [
      {
        when: isOneReady,
        does: (stage) => {
          const [pod] = newPods(stage);
          const { kubernetes } = stage.world;
          if (pod !== undefined) deletePod(kubernetes, namespace, pod.metadata.name);
        },
      },
    ],
  },
  {
    name: "an old pod that failed lies about",
    before: (stage) => evict(stage, stage.world.kubernetes.store.list("pods", namespace)[0]),
  },
  {
    name: "a Job of before that is complete lies about",
    before: ({ world: { kubernetes } }) => {
      const [pod] = kubernetes.store.list("pods", namespace);
      if (pod === undefined) return;
      const { labels } = pod.metadata;
      kubernetes.store.create("pods", {
        metadata: { name: "migrate-x1", namespace, ...(labels && { labels }) },
        spec: pod.spec,
        status: { phase: "Succeeded", qosClass: "Burstable", conditions: [] },
      });
    },
  },
  {
    name: "a quota that has room in a moment",
    approved: nature({ admit: firstTimes(1, "exceeded quota: compute") }),
  },
  {
    name: "an admission webhook that is being restarted",
    approved: nature({
      admit: firstTimes(6, 'failed calling webhook "validate.policy": connect: connection refused'),
    }),
  },
  {
    name: "a ConfigMap that comes a moment later",
    approved: nature({
      create: (_pod, _container, attempt) =>
        once(attempt, {
          reason: "CreateContainerConfigError",
          message: 'configmap "omnispatial-web-settings" not found',
        }),
    }),
    words: [/suspicion: .*CreateContainerConfigError/],
  },
  {
    name: "a volume that is slow to come over",
    approved: nature({
      prepare: (_pod, attempt) =>
        attempt <= 4
          ? { reason: "FailedAttachVolume", message: 'Multi-Attach error for volume "pvc-1"' }
          : undefined,
    }),
    words: ["Multi-Attach error"],
  },
  {
    name: "a deadline that passes, and heals",
    approved: nature({ run: () => ({ readyAfter: 35_000 }) }),
    turns: [
      {
        when: isChanged,
        does: ({ world }) => {
          world.kubernetes.store.update("deployments", namespace, release, ({ spec }) => {
            spec.progressDeadlineSeconds = 25;
          });
        },
      },
    ],
  },
  {
    name: "a StatefulSet, one pod after the other",
    before: asWorkload("StatefulSet"),
    words: [/\d of 3 ready on 40672, \d of 3 still on 40655/],
  },
  {
    name: "a StatefulSet of which a partition keeps two pods as they are",
    before: asWorkload("StatefulSet", "    partition: 2\n"),
  },
  {
    name: "a StatefulSet whose pod crashes once",
    before: asWorkload("StatefulSet"),
    approved: nature({
      run: (_pod, _container, attempt) => once(attempt, { ends: 2000, exitCode: 1 }),
    }),
    words: [/suspicion: .*exit code 1/],
  },
  {
    name: "a DaemonSet, one node after the other",
    before: asWorkload("DaemonSet"),
    words: [/\d of 3 ready on 40672, \d of 3 still on 40655/],
  },
  {
    name: "a migration that fails once and then does not",
    approved: async (stage) => {
      migrating({ ends: 2000, exitCode: 3 }, { ends: 2000, exitCode: 0 })(stage);
      await withMigration("backoffLimit: 2")(stage);
    },
    words: [/suspicion: .*container migrate crashed, exit code 3/],
  },
  {
    name: "Flux fails, rolls back, tries again and succeeds",
    approved: (stage) => {
      const begun = Date.now();
      const never = { readyAfter: "never" } as const;
      const patience = 5 * 60_000;
      nature({ run: () => (Date.now() - begun < patience ? never : undefined) })(stage);
    },
    words: [/Flux rolls back|Flux rolled back and tries again|still on/],
  },
];
