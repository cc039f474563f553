import type { KubernetesObject, PodTemplate, WorkloadCondition } from "./objects.ts";

type Selector = { matchLabels: Record<string, string> };

export interface StatefulSet extends KubernetesObject {
  spec: {
    replicas: number;
    serviceName: string;
    selector: Selector;
    template: PodTemplate;
    podManagementPolicy: "OrderedReady" | "Parallel";
    updateStrategy:
      | { type: "RollingUpdate"; rollingUpdate: { partition: number } }
      | { type: "OnDelete" };
    revisionHistoryLimit: number;
  };
  status: {
    observedGeneration?: number;
    replicas: number;
    readyReplicas?: number;
    availableReplicas?: number;
    currentReplicas?: number;
    updatedReplicas?: number;
    currentRevision?: string;
    updateRevision?: string;
    collisionCount?: number;
  };
}

export interface DaemonSet extends KubernetesObject {
  spec: {
    selector: Selector;
    template: PodTemplate;
    updateStrategy:
      | { type: "RollingUpdate"; rollingUpdate: { maxUnavailable: number; maxSurge: number } }
      | { type: "OnDelete" };
    revisionHistoryLimit: number;
  };
  status: {
    observedGeneration?: number;
    currentNumberScheduled: number;
    desiredNumberScheduled: number;
    numberMisscheduled: number;
    numberReady: number;
    updatedNumberScheduled?: number;
    numberAvailable?: number;
    numberUnavailable?: number;
  };
}

export interface Job extends KubernetesObject {
  spec: {
    parallelism: number;
    completions: number;
    backoffLimit: number;
    activeDeadlineSeconds?: number;
    selector?: Selector;
    suspend?: boolean;
    template: PodTemplate;
  };
  status: {
    startTime?: string;
    completionTime?: string;
    active?: number;
    ready?: number;
    succeeded?: number;
    failed?: number;
    terminating?: number;
    conditions?: (WorkloadCondition & { lastProbeTime?: string })[];
    uncountedTerminatedPods?: Record<string, never>;
  };
}

/** A template that a StatefulSet or a DaemonSet has, or had. */
export interface ControllerRevision extends KubernetesObject {
  data: { spec: { template: PodTemplate } };
  revision: number;
}
