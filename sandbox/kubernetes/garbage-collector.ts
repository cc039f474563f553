import type { Control } from "./controller.ts";
import { deletePod, isOwnedBy } from "./pods.ts";

/** Removes what a removed object owned. */
export function runGarbageCollector(control: Control): void {
  const { store, tasks } = control;
  const stop = store.subscribe(({ type, plural, object }) => {
    if (type !== "DELETED" || (plural !== "deployments" && plural !== "replicasets")) return;
    const { namespace = "", uid } = object.metadata;
    for (const set of store.list("replicasets", namespace).filter((one) => isOwnedBy(one, uid))) {
      store.remove("replicasets", namespace, set.metadata.name);
    }
    for (const pod of store.list("pods", namespace).filter((one) => isOwnedBy(one, uid))) {
      deletePod(control, namespace, pod.metadata.name);
    }
  });
  tasks.signal.addEventListener("abort", stop, { once: true });
}
