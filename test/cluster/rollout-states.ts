import * as objects from "../../src/cluster/objects.ts";
import { decideRollout } from "../../src/cluster/rollout.ts";
import type { RolloutObjects } from "../../src/cluster/workload.ts";
import type { RolloutState } from "../../src/deployment/ports.ts";

export const now = Date.parse("2026-03-05T10:10:00Z");
export const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString();
export const digest = `sha256:${"d".repeat(64)}`;
export const registry = "omnispatial.azurecr.io";
export const repository = "omnispatial/web";
const newTag = "production-40672";
const oldTag = "production-40655";

type Fields = Readonly<Record<string, unknown>>;

export function image(tag: string): string {
  return `${registry}/${repository}:${tag}`;
}

const template = (tag: string) => ({
  spec: {
    containers: [
      { name: "web", image: image(tag) },
      { name: "proxy", image: "proxy:1" },
    ],
  },
});
const selector = { matchLabels: { app: "web" } };

export function deployment(
  tag = newTag,
  { spec = {}, status = {} }: { spec?: Fields; status?: Fields } = {},
) {
  return objects.deployment.parse({
    metadata: {
      name: "web",
      uid: "d",
      generation: 2,
      annotations: { "deployment.kubernetes.io/revision": "2" },
    },
    spec: { replicas: 3, selector, template: template(tag), ...spec },
    status: {
      observedGeneration: 2,
      replicas: 3,
      updatedReplicas: 3,
      availableReplicas: 3,
      conditions: [{ type: "Progressing", status: "True", reason: "NewReplicaSetAvailable" }],
      ...status,
    },
  });
}

export function replicaSet(revision: 1 | 2, status: Fields = {}) {
  return objects.replicaSet.parse({
    metadata: {
      name: `web-${revision}`,
      uid: `rs${revision}`,
      annotations: { "deployment.kubernetes.io/revision": String(revision) },
      ownerReferences: [{ uid: "d" }],
    },
    spec: { template: template(revision === 2 ? newTag : oldTag) },
    status,
  });
}

interface PodFields {
  readonly owner?: string;
  readonly tag?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ready?: boolean;
  readonly web?: Fields;
  readonly proxy?: Fields;
  readonly metadata?: Fields;
  readonly status?: Fields;
}

/** A pod of the new ReplicaSet, ready and well, unless something else is said. */
export function pod(name: string, fields: PodFields = {}) {
  const { owner = "rs2", tag = newTag, labels = {}, ready = true } = fields;
  const running = { running: { startedAt: ago(120) } };
  const started = { ready, restartCount: 0, state: running, lastState: {} };
  return objects.pod.parse({
    metadata: {
      name,
      uid: name,
      namespace: "omnispatial",
      labels,
      creationTimestamp: ago(130),
      ownerReferences: [{ uid: owner }],
      ...fields.metadata,
    },
    spec: template(tag).spec,
    status: {
      phase: "Running",
      conditions: [
        { type: "PodScheduled", status: "True", lastTransitionTime: ago(130) },
        { type: "Ready", status: ready ? "True" : "False", lastTransitionTime: ago(100) },
      ],
      containerStatuses: [
        { name: "web", imageID: `${registry}/${repository}@${digest}`, ...started, ...fields.web },
        {
          name: "proxy",
          imageID: `proxy@sha256:${"e".repeat(64)}`,
          ...started,
          ready: true,
          ...fields.proxy,
        },
      ],
      ...fields.status,
    },
  });
}

export const oldPod = (name: string) => pod(name, { owner: "rs1", tag: oldTag });

export function rollout(parts: Partial<RolloutObjects>): RolloutObjects {
  return {
    deployments: [],
    statefulSets: [],
    daemonSets: [],
    jobs: [],
    replicaSets: [replicaSet(1), replicaSet(2)],
    pods: [],
    events: [],
    released: false,
    now,
    ...parts,
  };
}

export function decide(
  parts: Partial<RolloutObjects>,
  digests: readonly string[] = [digest],
): RolloutState {
  return decideRollout(rollout(parts), { repository, tag: newTag, digests });
}

export function statefulSet({ spec = {}, status = {} }: { spec?: Fields; status?: Fields } = {}) {
  return objects.statefulSet.parse({
    metadata: { name: "worker", uid: "s", generation: 2 },
    spec: { replicas: 2, selector, template: template(newTag), ...spec },
    status: {
      observedGeneration: 2,
      replicas: 2,
      readyReplicas: 2,
      updatedReplicas: 2,
      updateRevision: "r2",
      ...status,
    },
  });
}

export const setPod = (name: string, revision: "r1" | "r2", fields: PodFields = {}) =>
  pod(name, {
    owner: "s",
    tag: revision === "r2" ? newTag : oldTag,
    labels: { "controller-revision-hash": revision },
    ...fields,
  });

export function daemonSet(status: Fields = {}) {
  return objects.daemonSet.parse({
    metadata: {
      name: "agent",
      uid: "ds",
      generation: 2,
      annotations: { "deprecated.daemonset.template.generation": "2" },
    },
    spec: { selector, template: template(newTag) },
    status: {
      observedGeneration: 2,
      desiredNumberScheduled: 2,
      updatedNumberScheduled: 2,
      numberAvailable: 2,
      ...status,
    },
  });
}

export function job(status: Fields, tag = newTag) {
  return objects.job.parse({
    metadata: { name: "migrate", uid: "j" },
    spec: {
      selector: { matchLabels: { "batch.kubernetes.io/controller-uid": "j" } },
      template: template(tag),
    },
    status,
  });
}

/** An event about a pod of that name, of its container unless it is about the whole pod. */
export function event(reason: string, message: string, fields: Fields = {}, container = "web") {
  return objects.event.parse({
    metadata: { name: "e" },
    type: "Warning",
    reason,
    message,
    involvedObject: {
      uid: "web-2-a",
      ...(container === "" ? {} : { fieldPath: `spec.containers{${container}}` }),
    },
    firstTimestamp: ago(20),
    lastTimestamp: ago(5),
    count: 1,
    ...fields,
  });
}
