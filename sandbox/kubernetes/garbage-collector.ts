import type { Control } from "./controller.ts";
import { isOwnedBy } from "./owners.ts";
import { deletePod } from "./pods.ts";
import type { Plural } from "./resources.ts";

const owners = new Set<Plural>([
  "deployments",
  "replicasets",
  "statefulsets",
  "daemonsets",
  "jobs",
]);

/** Removes what a removed object owned. */
export function runGarbageCollector(control: Control): void {
  const { store, tasks } = control;
  const stop = store.subscribe(({ type, plural, object }) => {
    if (type !== "DELETED" || !owners.has(plural)) return;
    const { namespace = "", uid } = object.metadata;
    for (const set of store.list("replicasets", namespace).filter((one) => isOwnedBy(one, uid))) {
      store.remove("replicasets", namespace, set.metadata.name);
    }
    const revisions = store.list("controllerrevisions", namespace);
    for (const { metadata } of revisions.filter((one) => isOwnedBy(one, uid))) {
      store.remove("controllerrevisions", namespace, metadata.name);
    }
    for (const pod of store.list("pods", namespace).filter((one) => isOwnedBy(one, uid))) {
      deletePod(control, namespace, pod.metadata.name);
    }
  });
  tasks.signal.addEventListener("abort", stop, { once: true });
}
