import type { Clock } from "../kubernetes/clock.ts";
import type { FluxCondition, FluxObject } from "../kubernetes/objects.ts";

export type Wanted = readonly [
  type: string,
  status: FluxCondition["status"],
  reason: string,
  message: string,
];

/**
 * Sets conditions as fluxcd/pkg/runtime does: observedGeneration always, lastTransitionTime only with status, reason or
 * message. Ready stands first.
 */
export function setConditions(
  object: FluxObject,
  clock: Clock,
  ...wanted: readonly Wanted[]
): void {
  for (const [type, status, reason, message] of wanted) {
    const conditions = object.status.conditions ?? [];
    const before = conditions.find((condition) => condition.type === type);
    const same =
      before?.status === status && before.reason === reason && before.message === message;
    const lastTransitionTime = same ? before.lastTransitionTime : clock.timestamp();
    const observedGeneration = object.metadata.generation ?? 1;
    const condition = { type, status, observedGeneration, lastTransitionTime, reason, message };
    object.status.conditions = [
      ...conditions.filter((other) => other !== before),
      condition,
    ].toSorted(readyFirst);
  }
}

export function dropConditions(object: FluxObject, ...types: readonly string[]): void {
  object.status.conditions =
    object.status.conditions?.filter(({ type }) => !types.includes(type)) ?? [];
}

export function findCondition(object: FluxObject, type: string): FluxCondition | undefined {
  return object.status.conditions?.find((condition) => condition.type === type);
}

export function isTrue(object: FluxObject, type: string): boolean {
  return findCondition(object, type)?.status === "True";
}

export const requestedAt = "reconcile.fluxcd.io/requestedAt";

/** Whether somebody asked for a look that was not taken yet. */
export function isRequested(object: FluxObject): boolean {
  const token = object.metadata.annotations?.[requestedAt];
  return token !== undefined && token !== object.status.lastHandledReconcileAt;
}

/** Remembers the newest request as handled. */
export function settleRequest(object: FluxObject): void {
  const token = object.metadata.annotations?.[requestedAt];
  if (token !== undefined) object.status.lastHandledReconcileAt = token;
}

function readyFirst(a: FluxCondition, b: FluxCondition): number {
  if (a.type === "Ready" || b.type === "Ready") return a.type === "Ready" ? -1 : 1;
  return a.type < b.type ? -1 : 1;
}
