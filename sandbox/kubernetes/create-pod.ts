import { randomInt } from "node:crypto";
import type { Nature } from "./nature.ts";
import type { KubernetesObject, Pod, PodSpec, PodTemplate } from "./objects.ts";
import { referenceTo } from "./owners.ts";
import type { Store } from "./store.ts";

/** What a controller gives a pod beyond its template. */
interface PodExtras {
  /** Its name; one of its owner's with an end of its own, if left out. */
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: Partial<PodSpec>;
}

/** Creates a pod of a controller's object, as the API server completes it. */
export function createPod(
  store: Store,
  nature: Nature,
  owner: KubernetesObject,
  template: PodTemplate,
  { name, labels, spec }: PodExtras = {},
): Pod {
  const { metadata } = owner;
  const { annotations } = template.metadata;
  return store.create("pods", {
    metadata: {
      name: name ?? `${metadata.name}-${suffix()}`,
      generateName: `${metadata.name}-`,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      labels: { ...template.metadata.labels, ...labels },
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [referenceTo(owner)],
    },
    spec: {
      ...(nature.mutate?.(template.spec) ?? template.spec),
      serviceAccountName: "default",
      serviceAccount: "default",
      tolerations: ["not-ready", "unreachable"].map((taint) => ({
        key: `node.kubernetes.io/${taint}`,
        operator: "Exists",
        effect: "NoExecute",
        tolerationSeconds: 300,
      })),
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: "PreemptLowerPriority",
      ...spec,
    },
    status: { phase: "Pending", qosClass: "Burstable" },
  });
}

/** Where a pod may only run, as a DaemonSet says it. */
export function onNode(name: string): Partial<PodSpec> {
  const matchFields = [{ key: "metadata.name", operator: "In", values: [name] }];
  const required = { nodeSelectorTerms: [{ matchFields }] };
  return {
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } },
  };
}

function suffix(): string {
  const alphabet = "bcdfghjklmnpqrstvwxz2456789";
  return Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join("");
}
