import type { Deployment, DeploymentStatus, ReplicaSet, WorkloadCondition } from "./objects.ts";

/** maxSurge rounds up, maxUnavailable down; both zero would never move. */
export function limits({ spec }: Deployment): {
  readonly surge: number;
  readonly unavailable: number;
} {
  const { maxSurge, maxUnavailable } = spec.strategy.rollingUpdate;
  const surge = Math.ceil(resolve(maxSurge, spec.replicas));
  const unavailable = Math.floor(resolve(maxUnavailable, spec.replicas));
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

function resolve(amount: string, replicas: number): number {
  return amount.endsWith("%") ? (Number(amount.slice(0, -1)) * replicas) / 100 : Number(amount);
}

export function sum<T>(items: readonly T[], count: (item: T) => number | undefined): number {
  return items.reduce((total, item) => total + (count(item) ?? 0), 0);
}

/** Counts as the deployment controller does. Counters that are 0 are left out, except two. */
export function countReplicas(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  current: ReplicaSet | undefined,
): DeploymentStatus {
  const available = sum(all, ({ status }) => status.availableReplicas);
  const wanted = sum(all, ({ spec }) => spec.replicas);
  const counts = {
    updatedReplicas: current?.status.replicas ?? 0,
    readyReplicas: sum(all, ({ status }) => status.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
  };
  return {
    observedGeneration: deployment.metadata.generation ?? 1,
    replicas: sum(all, ({ status }) => status.replicas),
    terminatingReplicas: sum(all, ({ status }) => status.terminatingReplicas),
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
  };
}

export function availability(
  deployment: Deployment,
  status: DeploymentStatus,
): Pick<WorkloadCondition, "type" | "status" | "reason" | "message"> {
  const enough =
    (status.availableReplicas ?? 0) >= deployment.spec.replicas - limits(deployment).unavailable;
  return enough
    ? {
        type: "Available",
        status: "True",
        reason: "MinimumReplicasAvailable",
        message: "Deployment has minimum availability.",
      }
    : {
        type: "Available",
        status: "False",
        reason: "MinimumReplicasUnavailable",
        message: "Deployment does not have minimum availability.",
      };
}

export function isComplete({ spec }: Deployment, status: DeploymentStatus): boolean {
  return (
    (status.updatedReplicas ?? 0) === spec.replicas &&
    (status.replicas ?? 0) === spec.replicas &&
    (status.availableReplicas ?? 0) === spec.replicas
  );
}

/** More new, ready or available pods than before, or fewer old ones. */
export function hasProgressed(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus) =>
    replicas - updatedReplicas;
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0) ||
    old(after) < old(before)
  );
}

/**
 * Sets a condition. lastTransitionTime moves with the status alone, lastUpdateTime also with the reason, or whenever the
 * rollout `moved` on.
 */
export function setCondition(
  conditions: readonly WorkloadCondition[],
  wanted: Pick<WorkloadCondition, "type" | "status" | "reason" | "message">,
  now: string,
  moved = false,
): WorkloadCondition[] {
  const { type, status, reason, message } = wanted;
  const before = conditions.find((condition) => condition.type === type);
  if (!moved && before?.status === status && before.reason === reason) return [...conditions];
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now;
  const condition = { type, status, lastUpdateTime: now, lastTransitionTime, reason, message };
  if (before === undefined) return [...conditions, condition];
  return conditions.map((other) => (other.type === type ? condition : other));
}
