import { createNamespace, type Kubernetes } from "../kubernetes/kubernetes.ts";
import type { Event } from "../kubernetes/objects.ts";

export const controllers = [
  "source-controller",
  "kustomize-controller",
  "helm-controller",
] as const;

export type ControllerName = (typeof controllers)[number];

const namespace = "flux-system";
const versions: Readonly<Record<ControllerName, string>> = {
  "source-controller": "v1.9.4",
  "kustomize-controller": "v1.9.4",
  "helm-controller": "v1.6.3",
};

/**
 * Flux's own controllers as a cluster shows them: a Deployment, a pod and its log each. They work while their Deployment
 * has a replica; what they fail at, they log.
 */
export function createControllers(kubernetes: Kubernetes): void {
  const { store, tasks } = kubernetes;
  createNamespace(store, namespace);
  for (const name of controllers) install(kubernetes, name);
  const stop = store.subscribe(({ type, plural, object }) => {
    const { name } = object.metadata;
    if (plural === "deployments" && type === "MODIFIED" && isController(name))
      scale(kubernetes, name);
    if (plural !== "events" || type === "DELETED") return;
    const event = store.get("events", object.metadata.namespace, name);
    if (event?.type === "Warning" && isController(event.source.component ?? ""))
      kubernetes.logs.write(idOf(event.source.component ?? ""), [lineOf(event)]);
  });
  tasks.signal.addEventListener("abort", stop, { once: true });
}

/** Resolves once a controller has a replica. */
export async function awake(
  { store, clock }: Kubernetes,
  name: ControllerName,
  signal: AbortSignal,
): Promise<void> {
  // While a first state is built, they are not there yet.
  while (store.get("deployments", namespace, name)?.spec.replicas === 0)
    await clock.wait(1000, signal);
}

function install({ store, logs, clock }: Kubernetes, name: ControllerName): void {
  const labels = { app: name, "app.kubernetes.io/part-of": "flux" };
  const image = `ghcr.io/fluxcd/${name}:${versions[name]}`;
  const container = { name: "manager", image };
  const spec = {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels }, spec: { containers: [container] } },
    strategy: {
      type: "RollingUpdate" as const,
      rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" },
    },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  };
  store.create("deployments", {
    metadata: { namespace, name, labels },
    spec,
    status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
  });
  createPod({ store, clock }, name, labels, container);
  logs.write(idOf(name), [
    JSON.stringify({
      level: "info",
      ts: clock.timestamp(),
      logger: "setup",
      msg: "starting manager",
    }),
  ]);
}

function createPod(
  { store, clock }: Pick<Kubernetes, "store" | "clock">,
  name: ControllerName,
  labels: Record<string, string>,
  container: { readonly name: string; readonly image: string },
): void {
  const startedAt = clock.timestamp();
  store.create("pods", {
    metadata: { namespace, name: `${name}-6d4b9c8f7-x2k9p`, labels },
    spec: { containers: [container], nodeName: "aks-apps-31764290-vmss000000" },
    status: {
      phase: "Running",
      qosClass: "Burstable",
      conditions: [
        { type: "Ready", status: "True", lastProbeTime: null, lastTransitionTime: startedAt },
      ],
      containerStatuses: [
        {
          ...container,
          ready: true,
          restartCount: 0,
          imageID: container.image,
          containerID: idOf(name),
          state: { running: { startedAt } },
          lastState: {},
          started: true,
        },
      ],
    },
  });
}

/** The status follows the wanted number of replicas at once. */
function scale({ store, clock }: Kubernetes, name: ControllerName): void {
  const deployment = store.get("deployments", namespace, name);
  const wanted = deployment?.spec.replicas ?? 0;
  if (deployment === undefined || (deployment.status.availableReplicas ?? 0) === wanted) return;
  const labels = deployment.metadata.labels ?? {};
  const [container] = deployment.spec.template.spec.containers;
  if (wanted === 0) store.remove("pods", namespace, `${name}-6d4b9c8f7-x2k9p`);
  else if (container !== undefined) createPod({ store, clock }, name, labels, container);
  store.update("deployments", namespace, name, ({ status, metadata }) => {
    status.observedGeneration = metadata.generation ?? 1;
    status.replicas = wanted;
    status.updatedReplicas = wanted;
    status.availableReplicas = wanted;
  });
}

/** As controller-runtime logs a reconciliation that failed. */
function lineOf({ involvedObject, message, lastTimestamp, source }: Event): string {
  const { kind, name, namespace: of = "" } = involvedObject;
  return JSON.stringify({
    level: "error",
    ts: lastTimestamp,
    msg: "Reconciler error",
    controller: kind.toLowerCase(),
    controllerKind: kind,
    [kind]: { name, namespace: of },
    namespace: of,
    name,
    error: message,
    reportedBy: source.component,
  });
}

function idOf(name: string): string {
  return `containerd://${name}`;
}

function isController(name: string): name is ControllerName {
  return controllers.some((one) => one === name);
}
