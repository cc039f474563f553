import { parseKey, runController, type Control } from "./controller.ts";
import { ensureRevision, hashIn } from "./controller-revisions.ts";
import { createPod, onNode } from "./create-pod.ts";
import type { Events } from "./events.ts";
import type { Nature } from "./nature.ts";
import type { Node, Pod } from "./objects.ts";
import { isOwnedBy, withTheirPods } from "./owners.ts";
import { deletePod, hasEnded, isActive, isReady } from "./pods.ts";
import type { ControllerRevision, DaemonSet } from "./workload-objects.ts";

const component = "daemonset-controller";
/** When a pod that may not be created is tried again, in milliseconds. */
const again = 3000;
const revisionLabel = "controller-revision-hash";
const generationLabel = "pod-template-generation";
const generationOf = "deprecated.daemonset.template.generation";

/** Keeps one pod of each DaemonSet on every node, and replaces as many at a time as may be missing. */
export function runDaemonSetController(
  control: Control,
  events: Events,
  nature: () => Nature,
): void {
  const { store } = control;

  function reconcile(key: string): number | undefined {
    const { namespace, name } = parseKey(key);
    const set = store.get("daemonsets", namespace, name);
    if (set === undefined) return undefined;
    const nodes = store.list("nodes");
    const pods = store.list("pods", namespace).filter((pod) => isOwnedBy(pod, set.metadata.uid));
    const revision = ensureRevision(store, set);
    store.update("daemonsets", namespace, name, (draft) => {
      draft.metadata.annotations = {
        ...draft.metadata.annotations,
        [generationOf]: String(revision.revision),
      };
      draft.status = count(set, nodes, pods, hashIn(revision));
    });
    for (const pod of pods.filter(hasEnded)) remove(set, pod);
    for (const node of nodes.filter((one) => !pods.some((pod) => isFor(pod, one)))) {
      const refusal = nature().admit?.(set);
      if (refusal !== undefined) return refuse(set, refusal);
      create(set, node, revision);
    }
    replace(set, nodes, pods, hashIn(revision));
    return undefined;
  }

  /** Old pods that do not work go at once, the others as long as enough of all are available. */
  function replace(
    set: DaemonSet,
    nodes: readonly Node[],
    pods: readonly Pod[],
    hash: string,
  ): void {
    const { updateStrategy } = set.spec;
    if (updateStrategy.type === "OnDelete") return;
    const active = pods.filter(isActive);
    const old = active.filter(({ metadata }) => metadata.labels?.[revisionLabel] !== hash);
    const missing = nodes.length - active.filter(isReady).length;
    const broken = old.filter((pod) => !isReady(pod));
    const left = Math.max(0, updateStrategy.rollingUpdate.maxUnavailable - missing);
    for (const pod of [...broken, ...old.filter(isReady).slice(0, left)]) remove(set, pod);
  }

  function create(set: DaemonSet, { metadata }: Node, revision: ControllerRevision): void {
    const pod = createPod(store, nature(), set, set.spec.template, {
      labels: {
        [revisionLabel]: hashIn(revision),
        [generationLabel]: String(revision.revision),
      },
      spec: onNode(metadata.name),
    });
    const message = `Created pod: ${pod.metadata.name}`;
    events.record({ about: set, reason: "SuccessfulCreate", message, component });
  }

  function refuse(set: DaemonSet, refusal: string): number {
    const message = `Error creating: ${refusal}`;
    events.record({ about: set, type: "Warning", reason: "FailedCreate", message, component });
    return again;
  }

  function remove(set: DaemonSet, { metadata }: Pod): void {
    deletePod(control, metadata.namespace ?? "", metadata.name);
    const message = `Deleted pod: ${metadata.name}`;
    events.record({ about: set, reason: "SuccessfulDelete", message, component });
  }

  runController(control, {
    name: component,
    keys: withTheirPods("daemonsets", "DaemonSet"),
    reconcile: async (key) => reconcile(key),
  });
}

function count(
  { metadata }: DaemonSet,
  nodes: readonly Node[],
  pods: readonly Pod[],
  hash: string,
): DaemonSet["status"] {
  const active = pods.filter(isActive);
  const ready = active.filter(isReady).length;
  const updated = active.filter((pod) => pod.metadata.labels?.[revisionLabel] === hash).length;
  const counts = {
    updatedNumberScheduled: updated,
    numberAvailable: ready,
    numberUnavailable: nodes.length - ready,
  };
  return {
    observedGeneration: metadata.generation ?? 1,
    currentNumberScheduled: active.length,
    desiredNumberScheduled: nodes.length,
    numberMisscheduled: 0,
    numberReady: ready,
    ...Object.fromEntries(Object.entries(counts).filter(([, number]) => number > 0)),
  };
}

function isFor(pod: Pod, { metadata }: Node): boolean {
  return JSON.stringify(pod.spec["affinity"]) === JSON.stringify(onNode(metadata.name)["affinity"]);
}
