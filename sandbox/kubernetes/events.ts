import type { Clock } from "./clock.ts";
import type { KubernetesObject } from "./objects.ts";
import type { Store } from "./store.ts";

export interface Happening {
  readonly about: KubernetesObject;
  readonly type?: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** The controller that says so. */
  readonly component: string;
  /** The node, when a kubelet says so. */
  readonly host?: string;
  /** The container, when it is about one of a pod's. */
  readonly container?: string;
}

/** Records events as client-go does: the same one again raises the count of the first. */
export class Events {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #names = new Map<string, string>();
  #sequence = 0;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  record(happening: Happening): void {
    const { about, container, component, host, reason, message } = happening;
    const { uid } = about.metadata;
    const type = happening.type ?? "Normal";
    const namespace = about.metadata.namespace ?? "default";
    const now = this.#clock.timestamp();
    const key = JSON.stringify([uid, container, type, reason, message]);
    const known = this.#names.get(key);
    const counted =
      known !== undefined &&
      this.#store.update("events", namespace, known, (event) => {
        event.count = (event.count ?? 1) + 1;
        event.lastTimestamp = now;
      });
    if (counted) return;
    const name = this.#name(about.metadata.name);
    this.#names.set(key, name);
    this.#store.create("events", {
      metadata: { name, namespace },
      involvedObject: reference(about, container),
      reason,
      message,
      source: host === undefined ? { component } : { component, host },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      type,
      eventTime: null,
      reportingComponent: component,
      reportingInstance: host ?? "",
    });
  }

  /** The scheduler uses the newer form: eventTime, no count and no first and last time. */
  recordScheduled(pod: KubernetesObject, message: string): void {
    this.#store.create("events", {
      metadata: {
        name: this.#name(pod.metadata.name),
        namespace: pod.metadata.namespace ?? "default",
      },
      involvedObject: reference(pod, undefined),
      reason: "Scheduled",
      message,
      source: {},
      firstTimestamp: null,
      lastTimestamp: null,
      type: "Normal",
      eventTime: `${new Date(this.#clock.now()).toISOString().slice(0, -1)}000Z`,
      action: "Binding",
      reportingComponent: "default-scheduler",
      reportingInstance: "default-scheduler-aks",
    });
  }

  #name(about: string): string {
    this.#sequence += 1;
    const nanoseconds = BigInt(this.#clock.now()) * 1_000_000n + BigInt(this.#sequence);
    return `${about}.${nanoseconds.toString(16)}`;
  }
}

function reference(about: KubernetesObject, container: string | undefined) {
  const { namespace, name, uid, resourceVersion } = about.metadata;
  return {
    kind: about.kind,
    ...(namespace === undefined ? {} : { namespace }),
    name,
    uid,
    apiVersion: about.apiVersion,
    resourceVersion,
    ...(container === undefined ? {} : { fieldPath: `spec.containers{${container}}` }),
  };
}
