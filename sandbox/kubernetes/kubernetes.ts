import { StandIn } from "../stand-in.ts";
import type { AccessOptions } from "./access.ts";
import { serveApi } from "./api.ts";
import { Clock } from "./clock.ts";
import { createNodes } from "./cluster.ts";
import type { Control } from "./controller.ts";
import { runDaemonSetController } from "./daemonset-controller.ts";
import { runDeploymentController } from "./deployment-controller.ts";
import { Events } from "./events.ts";
import { runGarbageCollector } from "./garbage-collector.ts";
import type { FindImage } from "./images.ts";
import { runJobController } from "./job-controller.ts";
import { runKubelet } from "./kubelet.ts";
import { Logs } from "./logs.ts";
import type { Nature } from "./nature.ts";
import { runReplicaSetController } from "./replicaset-controller.ts";
import { runScheduler } from "./scheduler.ts";
import { runStatefulSetController } from "./statefulset-controller.ts";
import { Store } from "./store.ts";
import { Tasks } from "./tasks.ts";
import { Watches } from "./watches.ts";

export { writeKubeconfig } from "./kubeconfig.ts";

export interface KubernetesOptions extends AccessOptions {
  /** Divides all durations. */
  readonly speed: number;
  readonly image: FindImage;
  readonly port?: number;
  /** How many writes a watch can catch up with. */
  readonly window?: number;
}

export interface Kubernetes extends Control {
  readonly url: string;
  readonly standIn: StandIn;
  readonly events: Events;
  readonly image: FindImage;
  /** What the containers wrote. */
  readonly logs: Logs;
  /** What goes wrong with pods from now on: nothing, in the beginning. */
  nature: Nature;
  /** Makes every resourceVersion before now too old: see Watches.expire. */
  expire(answer?: "event" | "status"): void;
  /** Stops everything; throws what went wrong in the background. */
  close(): Promise<void>;
}

/** A cluster of three nodes without any workload: API server, workload controllers, scheduler, kubelets. */
export async function startKubernetes(options: KubernetesOptions): Promise<Kubernetes> {
  const { speed, image, port, window } = options;
  const standIn = new StandIn("kubernetes");
  const clock = new Clock(speed);
  const store = new Store(clock, window);
  const tasks = new Tasks();
  const control: Control = { store, clock, tasks };
  const events = new Events(store, clock);
  const watches = new Watches(store, clock);
  const logs = new Logs();
  createNodes(store);
  for (const name of ["default", "kube-system"]) createNamespace(store, name);
  runDeploymentController(control, events);
  let nature: Nature = {};
  const present = () => nature;
  runReplicaSetController(control, events, present);
  runStatefulSetController(control, events, present);
  runDaemonSetController(control, events, present);
  runJobController(control, events, present);
  runScheduler(control, events, present);
  runKubelet({ control, events, logs, image, nature: present });
  runGarbageCollector(control);
  serveApi(standIn, { store, clock, watches, logs, access: options });
  const url = await standIn.listen(port);
  return {
    ...control,
    url,
    standIn,
    events,
    image,
    logs,
    get nature() {
      return nature;
    },
    set nature(changed) {
      nature = changed;
    },
    expire: (answer) => watches.expire(answer),
    close: async () => {
      await standIn.close();
      await tasks.close();
    },
  };
}

/** Creates a namespace where there is none of that name. */
export function createNamespace(
  store: Store,
  name: string,
  labels: Record<string, string> = {},
): void {
  if (store.get("namespaces", undefined, name) !== undefined) return;
  store.create("namespaces", {
    metadata: { name, labels: { ...labels, "kubernetes.io/metadata.name": name } },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  });
}
