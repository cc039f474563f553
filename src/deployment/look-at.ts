import type { CauseCode } from "./causes.ts";

/** What the pods may be suspected of, and where to look while it may still pass: one sentence each. */
export const lookAt: Readonly<Partial<Record<CauseCode, string>>> = {
  "pull-not-found":
    "Look whether the registry still has this tag, and whether the chart names the same repository.",
  "pull-denied": "Look whether the cluster may pull from the registry.",
  "image-pull-failed": "Look whether the nodes reach the registry; they go on trying.",
  "crash-loop": "Look at the log of that container.",
  "out-of-memory": "Look at its memory limit, and at how much the new version takes.",
  "init-container-failed": "Look at the log of that init container.",
  "liveness-failing":
    "Look at what the liveness probe asks, and how long the application takes to start.",
  "readiness-failing": "Look at what the readiness probe asks, and at the application's log.",
  "config-missing":
    "Look for that ConfigMap or Secret; the pods start by themselves once it is there.",
  "container-config": "Look at the words of the node.",
  "volume-failed": "Look whether the volume is still attached to another node.",
  "pods-not-started": "Look at the network and the runtime of that node.",
  unschedulable:
    "Look at what the nodes have left of CPU and memory, and whether the autoscaler may add one.",
  "quota-exceeded": "Look at the quota of the namespace.",
  "pods-not-created": "Look at the policy, the webhook or the service account that it names.",
  "statefulset-blocked": "Look at that pod first: the others are not replaced before it is ready.",
  "rollout-stalled": "Look at the events and the log of the pods that are not ready.",
};
