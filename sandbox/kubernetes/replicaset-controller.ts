import { parseKey, runController, type Control } from "./controller.ts";
import { createPod } from "./create-pod.ts";
import type { Events } from "./events.ts";
import type { Nature } from "./nature.ts";
import type { Pod, ReplicaSet, WorkloadCondition } from "./objects.ts";
import { isOwnedBy, withTheirPods } from "./owners.ts";
import { deletePod, hasEnded, isActive, isReady, isTerminating } from "./pods.ts";

const component = "replicaset-controller";
/** When a pod that may not be created is tried again, in milliseconds. */
const again = 3000;

/** Keeps as many pods as a ReplicaSet wants, and counts them. */
export function runReplicaSetController(
  control: Control,
  events: Events,
  nature: () => Nature,
): void {
  const { store } = control;

  function reconcile(key: string): number | undefined {
    const { namespace, name } = parseKey(key);
    const set = store.get("replicasets", namespace, name);
    if (set === undefined) return undefined;
    const pods = store.list("pods", namespace).filter((pod) => isOwnedBy(pod, set.metadata.uid));
    const active = pods.filter(isActive);
    const missing = set.spec.replicas - active.length;
    const refusal = missing > 0 ? nature().admit?.(set) : undefined;
    if (refusal !== undefined) tellRefusal(set, refusal);
    else for (let left = missing; left > 0; left -= 1) create(set);
    const surplus = active.length - set.spec.replicas;
    if (surplus > 0)
      for (const pod of active.toSorted(leastUsefulFirst).slice(0, surplus)) remove(set, pod);
    // What it counts is what it saw before it acted; its own acts bring it back.
    store.update("replicasets", namespace, name, (draft) => {
      const count = active.length - Math.max(0, surplus);
      const kept = active.slice(Math.max(0, surplus));
      const ready = kept.filter(isReady).length;
      draft.status = {
        replicas: count,
        ...(refusal === undefined ? {} : { conditions: [failure(draft, refusal)] }),
        ...(count > 0 ? { fullyLabeledReplicas: count } : {}),
        ...(ready > 0 ? { readyReplicas: ready, availableReplicas: ready } : {}),
        terminatingReplicas:
          pods.filter((pod) => isTerminating(pod) && !hasEnded(pod)).length + Math.max(0, surplus),
        observedGeneration: set.metadata.generation ?? 1,
      };
    });
    return refusal === undefined ? undefined : again;
  }

  function tellRefusal(set: ReplicaSet, refusal: string): void {
    const message = `Error creating: ${refusal}`;
    events.record({ about: set, type: "Warning", reason: "FailedCreate", message, component });
  }

  function failure({ status }: ReplicaSet, message: string): WorkloadCondition {
    const before = status.conditions?.find(({ type }) => type === "ReplicaFailure");
    const lastTransitionTime = before?.lastTransitionTime ?? control.clock.timestamp();
    const type = "ReplicaFailure";
    return { type, status: "True", lastTransitionTime, reason: "FailedCreate", message };
  }

  function create(set: ReplicaSet): void {
    const pod = createPod(store, nature(), set, set.spec.template);
    events.record({
      about: set,
      reason: "SuccessfulCreate",
      message: `Created pod: ${pod.metadata.name}`,
      component,
    });
  }

  function remove(set: ReplicaSet, pod: Pod): void {
    deletePod(control, pod.metadata.namespace ?? "", pod.metadata.name);
    events.record({
      about: set,
      reason: "SuccessfulDelete",
      message: `Deleted pod: ${pod.metadata.name}`,
      component,
    });
  }

  runController(control, {
    name: component,
    keys: withTheirPods("replicasets", "ReplicaSet"),
    reconcile: async (key) => reconcile(key),
  });
}

function leastUsefulFirst(a: Pod, b: Pod): number {
  return (
    Number(isReady(a)) - Number(isReady(b)) ||
    Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion)
  );
}
