import { keyOf, parseKey, runController, type Control } from "./controller.ts";
import { onNode } from "./create-pod.ts";
import type { Events } from "./events.ts";
import type { Nature } from "./nature.ts";
import type { Node, Pod } from "./objects.ts";
import { isActive } from "./pods.ts";

/** When a pod that fits nowhere is tried again, in milliseconds. */
const again = 5000;

/** Puts each pod on the node with the fewest of its own kind, then with the fewest of all. */
export function runScheduler(control: Control, events: Events, nature: () => Nature): void {
  const { store, clock } = control;

  function reconcile(key: string): number | undefined {
    const { namespace, name } = parseKey(key);
    const pod = store.get("pods", namespace, name);
    if (pod === undefined || pod.spec.nodeName !== undefined) return undefined;
    const refusal = nature().schedule?.(pod);
    if (refusal !== undefined) return refuse(pod, refusal);
    const load = store.list("pods").filter(isActive);
    const kin = load.filter(({ metadata }) => metadata.generateName === pod.metadata.generateName);
    const bound = JSON.stringify(pod.spec["affinity"]);
    const fitting = store
      .list("nodes")
      .filter(
        ({ metadata }) =>
          bound === undefined || bound === JSON.stringify(onNode(metadata.name)["affinity"]),
      );
    const [node] = fitting.toSorted((a, b) => {
      const count = (pods: readonly Pod[], { metadata }: Node) =>
        pods.filter(({ spec }) => spec.nodeName === metadata.name).length;
      return count(kin, a) - count(kin, b) || count(load, a) - count(load, b);
    });
    if (node === undefined) throw new Error("the cluster has no node");
    const topology = new Set(["topology.kubernetes.io/region", "topology.kubernetes.io/zone"]);
    const labels = Object.entries(node.metadata.labels ?? {}).filter(([label]) =>
      topology.has(label),
    );
    store.update("pods", namespace, name, (draft) => {
      draft.spec.nodeName = node.metadata.name;
      draft.metadata.labels = { ...draft.metadata.labels, ...Object.fromEntries(labels) };
      const lastTransitionTime = clock.timestamp();
      draft.status.conditions = [
        { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime },
      ];
    });
    events.recordScheduled(
      pod,
      `Successfully assigned ${namespace}/${name} to ${node.metadata.name}`,
    );
    return undefined;
  }

  function refuse(pod: Pod, message: string): number {
    const { namespace, name } = pod.metadata;
    store.update("pods", namespace, name, ({ status }) => {
      const before = status.conditions?.find(({ type }) => type === "PodScheduled");
      const lastTransitionTime = before?.lastTransitionTime ?? clock.timestamp();
      const why = { reason: "Unschedulable", message };
      const unscheduled = { type: "PodScheduled", status: "False", lastProbeTime: null } as const;
      status.conditions = [{ ...unscheduled, lastTransitionTime, ...why }];
    });
    events.record({
      about: pod,
      type: "Warning",
      reason: "FailedScheduling",
      message,
      component: "default-scheduler",
    });
    return again;
  }

  runController(control, {
    name: "scheduler",
    keys: ({ type, plural, object }) =>
      plural === "pods" && type === "ADDED" ? [keyOf(object.metadata)] : [],
    reconcile: async (key) => reconcile(key),
  });
}
