import { parseKey, runController, type Control } from "./controller.ts";
import { ensureRevision } from "./controller-revisions.ts";
import { createPod } from "./create-pod.ts";
import type { Events } from "./events.ts";
import type { Nature } from "./nature.ts";
import type { Pod } from "./objects.ts";
import { isOwnedBy, withTheirPods } from "./owners.ts";
import { deletePod, hasEnded, isReady, isTerminating } from "./pods.ts";
import type { StatefulSet } from "./workload-objects.ts";

const component = "statefulset-controller";
/** When a pod that may not be created is tried again, in milliseconds. */
const again = 3000;
const revisionLabel = "controller-revision-hash";

/**
 * Keeps the pods of StatefulSets as kube-controller-manager does: see pkg/controller/statefulset of Kubernetes. With
 * OrderedReady a pod that is not ready holds up everything, also the revision that would mend it.
 */
export function runStatefulSetController(
  control: Control,
  events: Events,
  nature: () => Nature,
): void {
  const { store } = control;

  function reconcile(key: string): number | undefined {
    const { namespace, name } = parseKey(key);
    const set = store.get("statefulsets", namespace, name);
    if (set === undefined) return undefined;
    const pods = store.list("pods", namespace).filter((pod) => isOwnedBy(pod, set.metadata.uid));
    const update = ensureRevision(store, set).metadata.name;
    const current = set.status.currentRevision ?? update;
    // What it counts is what it saw before it acted; its own acts bring it back.
    store.update("statefulsets", namespace, name, (draft) => {
      draft.status = count(set, pods, current, update);
    });
    return act(set, pods, current, update);
  }

  /** Does the next thing in the order; everything after it waits, unless the set is managed in parallel. */
  function act(
    set: StatefulSet,
    pods: readonly Pod[],
    current: string,
    update: string,
  ): number | undefined {
    const { replicas, podManagementPolicy, updateStrategy } = set.spec;
    const ordered = podManagementPolicy === "OrderedReady";
    const partition =
      updateStrategy.type === "RollingUpdate" ? updateStrategy.rollingUpdate.partition : 0;
    const podAt = (ordinal: number) =>
      pods.find(({ metadata }) => metadata.name === `${set.metadata.name}-${ordinal}`);

    for (let ordinal = 0; ordinal < replicas; ordinal += 1) {
      const pod = podAt(ordinal);
      if (pod !== undefined && hasEnded(pod) && !isTerminating(pod)) {
        remove(set, pod);
        if (ordered) return undefined;
        continue;
      }
      if (pod === undefined) {
        const refusal = nature().admit?.(set);
        if (refusal !== undefined) return refuse(set, ordinal, refusal);
        create(set, ordinal, ordinal < partition ? current : update);
        if (ordered) return undefined;
        continue;
      }
      if (ordered && (isTerminating(pod) || !isReady(pod))) return undefined;
    }
    const surplus = pods
      .filter((pod) => ordinalOf(pod) >= replicas)
      .toSorted((a, b) => ordinalOf(b) - ordinalOf(a));
    for (const pod of surplus) {
      if (!isTerminating(pod)) remove(set, pod);
      if (ordered) return undefined;
    }
    if (updateStrategy.type === "OnDelete") return undefined;
    for (let ordinal = replicas - 1; ordinal >= partition; ordinal -= 1) {
      const pod = podAt(ordinal);
      if (pod === undefined || isTerminating(pod)) return undefined;
      if (pod.metadata.labels?.[revisionLabel] !== update) {
        remove(set, pod);
        return undefined;
      }
      if (!isReady(pod)) return undefined;
    }
    return undefined;
  }

  function create(set: StatefulSet, ordinal: number, revision: string): void {
    const { namespace = "" } = set.metadata;
    const of = store.get("controllerrevisions", namespace, revision);
    const name = `${set.metadata.name}-${ordinal}`;
    createPod(store, nature(), set, of?.data.spec.template ?? set.spec.template, {
      name,
      labels: {
        "apps.kubernetes.io/pod-index": String(ordinal),
        [revisionLabel]: revision,
        "statefulset.kubernetes.io/pod-name": name,
      },
      spec: { hostname: name, subdomain: set.spec.serviceName },
    });
    const message = `create Pod ${name} in StatefulSet ${set.metadata.name} successful`;
    events.record({ about: set, reason: "SuccessfulCreate", message, component });
  }

  function refuse(set: StatefulSet, ordinal: number, refusal: string): number {
    const { name } = set.metadata;
    const message = `create Pod ${name}-${ordinal} in StatefulSet ${name} failed error: ${refusal}`;
    events.record({ about: set, type: "Warning", reason: "FailedCreate", message, component });
    return again;
  }

  function remove(set: StatefulSet, pod: Pod): void {
    deletePod(control, pod.metadata.namespace ?? "", pod.metadata.name);
    const message = `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`;
    events.record({ about: set, reason: "SuccessfulDelete", message, component });
  }

  runController(control, {
    name: component,
    keys: withTheirPods("statefulsets", "StatefulSet"),
    reconcile: async (key) => reconcile(key),
  });
}

function count(
  { metadata, spec }: StatefulSet,
  pods: readonly Pod[],
  current: string,
  update: string,
): StatefulSet["status"] {
  const ready = pods.filter((pod) => isReady(pod) && !isTerminating(pod)).length;
  const of = (revision: string) =>
    pods.filter((pod) => !isTerminating(pod) && pod.metadata.labels?.[revisionLabel] === revision)
      .length;
  const updated = of(update);
  const settled =
    spec.updateStrategy.type === "RollingUpdate" &&
    updated === spec.replicas &&
    ready === spec.replicas &&
    pods.length === spec.replicas;
  const counts = {
    readyReplicas: ready,
    availableReplicas: ready,
    currentReplicas: settled ? updated : of(current),
    updatedReplicas: updated,
  };
  return {
    observedGeneration: metadata.generation ?? 1,
    replicas: pods.length,
    ...Object.fromEntries(Object.entries(counts).filter(([, number]) => number > 0)),
    availableReplicas: ready,
    currentRevision: settled ? update : current,
    updateRevision: update,
    collisionCount: 0,
  };
}

function ordinalOf({ metadata }: Pod): number {
  return Number(metadata.name.slice(metadata.name.lastIndexOf("-") + 1));
}
