import { hashOf } from "./controller-revisions.ts";
import { keyOf, parseKey, runController, type Control } from "./controller.ts";
import {
  availability,
  countReplicas,
  hasProgressed,
  isComplete,
  limits,
  setCondition,
  sum,
} from "./deployment-status.ts";
import { isSameJson } from "./equal.ts";
import type { Events } from "./events.ts";
import type { Deployment, PodTemplate, ReplicaSet, WorkloadCondition } from "./objects.ts";
import { isOwnedBy, referenceTo } from "./owners.ts";
import { isOfFlux } from "./pods.ts";
import type { Change } from "./store.ts";

const component = "deployment-controller";
const revisionOf = "deployment.kubernetes.io/revision";

/** Rolls Deployments out as kube-controller-manager does: see pkg/controller/deployment of Kubernetes. */
export function runDeploymentController(control: Control, events: Events): void {
  const controller = new DeploymentController(control, events);
  runController(control, {
    name: component,
    keys: (change) => controller.keys(change),
    reconcile: async (key) => controller.reconcile(key),
  });
}

class DeploymentController {
  readonly #control: Control;
  readonly #events: Events;
  /** When each Deployment last moved on, in ticks: the conditions know whole seconds only. */
  readonly #movedAt = new Map<string, number>();

  constructor(control: Control, events: Events) {
    this.#control = control;
    this.#events = events;
  }

  keys(change: Change): string[] {
    if (change.plural === "deployments")
      return isOfFlux(change.object) ? [] : [keyOf(change.object.metadata)];
    if (change.plural !== "replicasets") return [];
    const { namespace = "", ownerReferences = [] } = change.object.metadata;
    return ownerReferences.map((owner) => keyOf({ namespace, name: owner.name }));
  }

  /** One look. Returns after how long the progress deadline may have passed. */
  reconcile(key: string): number | undefined {
    const { store } = this.#control;
    const { namespace, name } = parseKey(key);
    const deployment = store.get("deployments", namespace, name);
    if (deployment === undefined) return undefined;
    const all = store
      .list("replicasets", namespace)
      .filter((set) => isOwnedBy(set, deployment.metadata.uid));
    const template = deployment.spec.template;
    const found = all.find((set) => isSameJson(withoutHash(set.spec.template), template));
    const old = all.filter((set) => set !== found);
    if (deployment.spec.paused === true) return this.#rest(deployment, all, found);
    const current = this.#ensureCurrent(deployment, found, old);
    const scaled =
      this.#scaleUp(deployment, current, old) || this.#scaleDown(deployment, current, old);
    if (!scaled && isComplete(deployment, deployment.status)) this.#forgetOld(deployment, old);
    const now = store
      .list("replicasets", namespace)
      .filter((set) => isOwnedBy(set, deployment.metadata.uid));
    return this.#sync(
      deployment,
      now,
      now.find((set) => set.metadata.uid === current.metadata.uid),
    );
  }

  /** A paused Deployment counts its pods, and does nothing else. */
  #rest(
    deployment: Deployment,
    all: readonly ReplicaSet[],
    found: ReplicaSet | undefined,
  ): undefined {
    const { store, clock } = this.#control;
    const { namespace, name } = deployment.metadata;
    store.update("deployments", namespace, name, (draft) => {
      const after = countReplicas(deployment, all, found);
      const paused = {
        type: "Progressing",
        status: "Unknown",
        reason: "DeploymentPaused",
        message: "Deployment is paused",
      } as const;
      const now = clock.timestamp();
      const conditions = setCondition(
        draft.status.conditions ?? [],
        availability(draft, after),
        now,
      );
      draft.status = { ...after, conditions: setCondition(conditions, paused, now) };
    });
  }

  /** The ReplicaSet of this template: an earlier one takes the next revision, as after a rollback, or it is created. */
  #ensureCurrent(
    deployment: Deployment,
    found: ReplicaSet | undefined,
    old: readonly ReplicaSet[],
  ): ReplicaSet {
    const { store } = this.#control;
    const { namespace } = deployment.metadata;
    const newest = Math.max(0, ...old.map(readRevision));
    const revision = String(
      found !== undefined && readRevision(found) > newest ? readRevision(found) : newest + 1,
    );
    const current = found ?? this.#create(deployment, old, revision);
    store.update("replicasets", namespace, current.metadata.name, ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, [revisionOf]: revision };
    });
    const moved = deployment.metadata.annotations?.[revisionOf] !== revision;
    if (moved) this.#movedAt.set(deployment.metadata.uid, this.#control.clock.ticks());
    const created = {
      type: "Progressing",
      status: "True",
      reason: "NewReplicaSetCreated",
      message: `Created new replica set "${current.metadata.name}"`,
    } as const;
    store.update("deployments", namespace, deployment.metadata.name, ({ metadata, status }) => {
      metadata.annotations = { ...metadata.annotations, [revisionOf]: revision };
      const conditions = status.conditions ?? [];
      if (found === undefined)
        status.conditions = setCondition(conditions, created, this.#control.clock.timestamp());
    });
    return current;
  }

  #create(deployment: Deployment, old: readonly ReplicaSet[], revision: string): ReplicaSet {
    const { name, namespace = "", annotations } = deployment.metadata;
    const { replicas, selector, template } = deployment.spec;
    const hash = hashOf(template);
    const own = { "pod-template-hash": hash };
    const size = Math.max(
      0,
      Math.min(
        replicas,
        replicas + limits(deployment).surge - sum(old, ({ spec }) => spec.replicas),
      ),
    );
    const created = this.#control.store.create("replicasets", {
      metadata: {
        name: `${name}-${hash}`,
        namespace,
        labels: { ...template.metadata.labels, ...own },
        annotations: {
          "deployment.kubernetes.io/desired-replicas": String(replicas),
          "deployment.kubernetes.io/max-replicas": String(replicas + limits(deployment).surge),
          ...annotations,
          [revisionOf]: revision,
        },
        ownerReferences: [referenceTo(deployment)],
      },
      spec: {
        replicas: size,
        selector: { matchLabels: { ...selector.matchLabels, ...own } },
        template: {
          ...template,
          metadata: { ...template.metadata, labels: { ...template.metadata.labels, ...own } },
        },
      },
      status: { replicas: 0 },
    });
    if (size > 0)
      this.#tell(deployment, `Scaled up replica set ${created.metadata.name} from 0 to ${size}`);
    return created;
  }

  #scaleUp(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): boolean {
    const { replicas } = deployment.spec;
    if (current.spec.replicas > replicas) return this.#scale(deployment, current, replicas);
    const room =
      replicas +
      limits(deployment).surge -
      current.spec.replicas -
      sum(old, ({ spec }) => spec.replicas);
    return (
      room > 0 && this.#scale(deployment, current, Math.min(replicas, current.spec.replicas + room))
    );
  }

  #scaleDown(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): boolean {
    const all = [current, ...old];
    const least = deployment.spec.replicas - limits(deployment).unavailable;
    const starting = current.spec.replicas - (current.status.availableReplicas ?? 0);
    let spare = sum(all, ({ spec }) => spec.replicas) - least - starting;
    if (spare <= 0) return false;
    let scaled = false;
    const sizes = new Map(old.map((set) => [set, set.spec.replicas]));
    // Old pods that do not work go first, without regard to what is available.
    for (const [set, size] of sizes) {
      const broken = Math.min(spare, size - (set.status.availableReplicas ?? 0));
      if (broken <= 0) continue;
      scaled = this.#scale(deployment, set, size - broken) || scaled;
      sizes.set(set, size - broken);
      spare -= broken;
    }
    let surplus = sum(all, ({ status }) => status.availableReplicas) - least;
    for (const [set, size] of sizes) {
      const fewer = Math.min(size, surplus);
      if (fewer <= 0) continue;
      scaled = this.#scale(deployment, set, size - fewer) || scaled;
      surplus -= fewer;
    }
    return scaled;
  }

  #scale(deployment: Deployment, set: ReplicaSet, replicas: number): boolean {
    const { namespace, name } = set.metadata;
    let before = replicas;
    this.#control.store.update("replicasets", namespace, name, ({ spec }) => {
      before = spec.replicas;
      spec.replicas = replicas;
    });
    if (before === replicas) return false;
    this.#tell(
      deployment,
      `Scaled ${before < replicas ? "up" : "down"} replica set ${name} from ${before} to ${replicas}`,
    );
    return true;
  }

  #forgetOld(deployment: Deployment, old: readonly ReplicaSet[]): void {
    const empty = old.filter(({ spec, status }) => spec.replicas === 0 && status.replicas === 0);
    const surplus = empty
      .toSorted((a, b) => readRevision(a) - readRevision(b))
      .slice(0, -deployment.spec.revisionHistoryLimit);
    for (const { metadata } of surplus)
      this.#control.store.remove("replicasets", metadata.namespace, metadata.name);
  }

  /** Writes the status. Returns after how long the progress deadline may have passed. */
  #sync(
    deployment: Deployment,
    all: readonly ReplicaSet[],
    current: ReplicaSet | undefined,
  ): number | undefined {
    const { store, clock } = this.#control;
    const { namespace, name, uid } = deployment.metadata;
    let left: number | undefined;
    store.update("deployments", namespace, name, (draft) => {
      const now = clock.timestamp();
      const before = draft.status;
      const after = countReplicas(deployment, all, current);
      let conditions = setCondition(before.conditions ?? [], availability(draft, after), now);
      const progressing = conditions.find(({ type }) => type === "Progressing");
      const settled =
        after.replicas === (after.updatedReplicas ?? 0) &&
        progressing?.reason === "NewReplicaSetAvailable";
      if (!settled && current !== undefined) {
        const moved = hasProgressed(before, after);
        if (moved) this.#movedAt.set(uid, clock.ticks());
        const deadline = draft.spec.progressDeadlineSeconds * 1000;
        const ticks = clock.ticks();
        const remaining = (this.#movedAt.get(uid) ?? ticks) + deadline - ticks;
        const late = remaining <= 0 && progressing?.reason !== "NewReplicaSetAvailable";
        const wanted = progress(current.metadata.name, isComplete(draft, after), moved, late);
        if (wanted !== undefined) conditions = setCondition(conditions, wanted, now, moved);
        if (!isComplete(draft, after) && remaining > 0) left = remaining;
      }
      draft.status = { ...after, conditions };
    });
    return left;
  }

  #tell(deployment: Deployment, message: string): void {
    this.#events.record({ about: deployment, reason: "ScalingReplicaSet", message, component });
  }
}

function progress(
  set: string,
  complete: boolean,
  moved: boolean,
  late: boolean,
): Pick<WorkloadCondition, "type" | "status" | "reason" | "message"> | undefined {
  const type = "Progressing";
  if (complete) {
    return {
      type,
      status: "True",
      reason: "NewReplicaSetAvailable",
      message: `ReplicaSet "${set}" has successfully progressed.`,
    };
  }
  if (moved)
    return {
      type,
      status: "True",
      reason: "ReplicaSetUpdated",
      message: `ReplicaSet "${set}" is progressing.`,
    };
  if (!late) return undefined;
  return {
    type,
    status: "False",
    reason: "ProgressDeadlineExceeded",
    message: `ReplicaSet "${set}" has timed out progressing.`,
  };
}

function readRevision({ metadata }: ReplicaSet): number {
  return Number(metadata.annotations?.[revisionOf] ?? 0);
}

function withoutHash(template: PodTemplate): PodTemplate {
  const labels = Object.entries(template.metadata.labels).filter(
    ([name]) => name !== "pod-template-hash",
  );
  return { ...template, metadata: { ...template.metadata, labels: Object.fromEntries(labels) } };
}
