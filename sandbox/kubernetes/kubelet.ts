import { isOfFlux, isTerminating } from "./pods.ts";
import { PodWorker, type PodWorkerOptions } from "./pod-worker.ts";

/** The kubelets of all nodes: one worker for each pod that was put on a node. */
export function runKubelet(options: PodWorkerOptions): void {
  const { store, tasks } = options.control;
  const workers = new Map<string, PodWorker>();
  /** What each node has pulled already: `node reference`. */
  const present = new Set<string>();
  let started = 0;

  const stop = store.subscribe(({ type, plural, object }) => {
    // Flux's own pods are what its stand-in says of them.
    if (plural !== "pods" || isOfFlux(object)) return;
    const { uid, namespace = "", name } = object.metadata;
    if (type === "DELETED") return void workers.delete(uid);
    const pod = store.get("pods", namespace, name);
    if (pod?.spec.nodeName === undefined || pod.metadata.uid !== uid) return;
    const known = workers.get(uid);
    if (known === undefined) {
      started += 1;
      const worker = new PodWorker(options, pod, present, started);
      workers.set(uid, worker);
      tasks.start(`kubelet ${name}`, (signal) => worker.run(signal));
    } else if (isTerminating(pod) && !known.stopping) {
      known.stopping = true;
      tasks.start(`kubelet ${name}`, (signal) => known.stop(signal));
    }
  });
  tasks.signal.addEventListener("abort", stop, { once: true });
}
