import { createHmac } from "node:crypto";
import type { Outbox } from "../hooks/outbox.ts";
import type { Kubernetes } from "../kubernetes/kubernetes.ts";
import type { FluxCondition, KubernetesObject } from "../kubernetes/objects.ts";

const path = "/api/hooks/flux";
const kinds: ReadonlySet<string> = new Set(["gitrepositories", "kustomizations", "helmreleases"]);

/**
 * An Alert with a Provider of type `generic-hmac`: tells whenever one of Flux's objects has become ready, or has not
 * (notification-controller, internal/notifier/forwarder.go). Returns what ends it.
 */
export function startAlert(kubernetes: Kubernetes, outbox: Outbox, secret: string): () => void {
  return kubernetes.store.subscribe(({ plural, object, previous }) => {
    if (!kinds.has(plural)) return;
    const [ready, before] = [readyOf(object), readyOf(previous)];
    if (ready === undefined || ready.status === "Unknown") return;
    if (before?.message === ready.message && before.status === ready.status) return;
    const body = JSON.stringify(eventOf(object, ready));
    const signature = createHmac("sha256", secret).update(body).digest("hex");
    const headers = { "x-signature": `sha256=${signature}`, "gotk-component": "notification" };
    void outbox.send(path, headers, body);
  });
}

function readyOf(object: KubernetesObject | undefined): FluxCondition | undefined {
  if (object === undefined || !("status" in object)) return undefined;
  const { status } = object;
  if (typeof status !== "object" || status === null || !("conditions" in status)) return undefined;
  // The kinds above are Flux's own.
  const conditions = status.conditions as readonly FluxCondition[] | undefined;
  return conditions?.find(({ type }) => type === "Ready");
}

function eventOf({ kind, apiVersion, metadata }: KubernetesObject, ready: FluxCondition): object {
  const { name, namespace, uid } = metadata;
  const [, stem = ""] = /^([^.]+)\./.exec(apiVersion) ?? [];
  return {
    involvedObject: { kind, namespace, name, uid, apiVersion },
    severity: ready.status === "True" ? "info" : "error",
    timestamp: ready.lastTransitionTime,
    message: ready.message,
    reason: ready.reason,
    reportingController: `${stem}-controller`,
    reportingInstance: `${stem}-controller-7d9f8b6c5-x2x7k`,
  };
}
