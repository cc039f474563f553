import { keyOf } from "../kubernetes/controller.ts";
import type { Plural } from "../kubernetes/resources.ts";
import type { Change } from "../kubernetes/store.ts";
import { requestedAt } from "./conditions.ts";

/**
 * The keys of a Flux object's own changes that a Flux controller acts on: its generation and the annotation that asks for a
 * look. Its status is no reason (GenerationChangedPredicate, ReconcileRequestedPredicate).
 */
export function ownChanges(plural: Plural, change: Change): string[] {
  if (change.plural !== plural || change.type === "DELETED") return [];
  const { metadata } = change.object;
  const before = change.previous?.metadata;
  const same =
    before?.generation === metadata.generation &&
    before?.annotations?.[requestedAt] === metadata.annotations?.[requestedAt];
  return same ? [] : [keyOf(metadata)];
}
