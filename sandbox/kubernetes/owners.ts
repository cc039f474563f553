import { keyOf } from "./controller.ts";
import type { KubernetesObject, OwnerReference } from "./objects.ts";
import type { Change } from "./store.ts";

/** What an object that a controller makes says of the one that it is made for. */
export function referenceTo({ apiVersion, kind, metadata }: KubernetesObject): OwnerReference {
  const { name, uid } = metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

export function isOwnedBy(object: Pick<KubernetesObject, "metadata">, uid: string): boolean {
  return (
    object.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid) ?? false
  );
}

/** The keys of a kind's own objects, and of those that own the pods that change. */
export function withTheirPods(
  plural: Change["plural"],
  kind: string,
): (change: Change) => readonly string[] {
  return (change) => {
    const { metadata } = change.object;
    if (change.plural === plural) return [keyOf(metadata)];
    if (change.plural !== "pods") return [];
    const { namespace = "", ownerReferences = [] } = metadata;
    return ownerReferences
      .filter((owner) => owner.kind === kind)
      .map(({ name }) => keyOf({ namespace, name }));
  };
}
