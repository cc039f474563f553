import { keyOf, parseKey, runController, type Control } from "./controller.ts";
import type { Events } from "./events.ts";
import type { Node, Pod } from "./objects.ts";
import { isActive } from "./pods.ts";

/** Puts each pod on the node with the fewest of its own kind, then with the fewest of all. */
export function runScheduler(control: Control, events: Events): void {
  const { store, clock } = control;

  function reconcile(key: string): void {
    const { namespace, name } = parseKey(key);
    const pod = store.get("pods", namespace, name);
    if (pod === undefined || pod.spec.nodeName !== undefined) return;
    const load = store.list("pods").filter(isActive);
    const kin = load.filter(({ metadata }) => metadata.generateName === pod.metadata.generateName);
    const [node] = store.list("nodes").toSorted((a, b) => {
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
  }

  runController(control, {
    name: "scheduler",
    keys: ({ type, plural, object }) =>
      plural === "pods" && type === "ADDED" ? [keyOf(object.metadata)] : [],
    reconcile: async (key) => reconcile(key),
  });
}
