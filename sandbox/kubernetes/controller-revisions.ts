import { createHash } from "node:crypto";
import { isSameJson } from "./equal.ts";
import type { KubernetesObject, PodTemplate } from "./objects.ts";
import { isOwnedBy, referenceTo } from "./owners.ts";
import type { Store } from "./store.ts";
import type { ControllerRevision } from "./workload-objects.ts";

/** The revision of an object's template: an earlier one of the same template becomes the newest again. */
export function ensureRevision(
  store: Store,
  owner: KubernetesObject & { readonly spec: { readonly template: PodTemplate } },
): ControllerRevision {
  const { metadata, spec } = owner;
  const { namespace = "" } = metadata;
  const all = store
    .list("controllerrevisions", namespace)
    .filter((one) => isOwnedBy(one, metadata.uid));
  const newest = Math.max(0, ...all.map(({ revision }) => revision));
  const found = all.find(({ data }) => isSameJson(data.spec.template, spec.template));
  if (found !== undefined) {
    if (found.revision === newest) return found;
    const moved = store.update("controllerrevisions", namespace, found.metadata.name, (draft) => {
      draft.revision = newest + 1;
    });
    return moved ?? found;
  }
  const hash = hashOf(spec.template);
  return store.create("controllerrevisions", {
    metadata: {
      name: `${metadata.name}-${hash}`,
      namespace,
      labels: { ...spec.template.metadata.labels, "controller.kubernetes.io/hash": hash },
      ownerReferences: [referenceTo(owner)],
    },
    data: { spec: { template: spec.template } },
    revision: newest + 1,
  });
}

/** The end of a revision's name, with which a DaemonSet labels its pods. */
export function hashIn({ metadata }: ControllerRevision): string {
  return metadata.labels?.["controller.kubernetes.io/hash"] ?? "";
}

/** Like a real one in its alphabet (no vowels) and length; nobody outside can compute the real one anyway. */
export function hashOf(template: PodTemplate): string {
  const alphabet = "bcdfghjklmnpqrstvwxz2456789";
  const bytes = createHash("sha256").update(JSON.stringify(template)).digest().subarray(0, 10);
  return [...bytes].map((byte) => alphabet[byte % alphabet.length]).join("");
}
