/** Objects as the API server keeps and sends them: timestamps are strings, counters that are 0 are left out. */
export interface Metadata {
  name: string;
  generateName?: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller: boolean;
  blockOwnerDeletion: boolean;
}

export interface KubernetesObject {
  kind: string;
  apiVersion: string;
  metadata: Metadata;
  spec?: unknown;
  status?: unknown;
}

/** An object whose content no controller here looks at. */
export interface PlainObject extends KubernetesObject {
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
}

// --- Workloads -------------------------------------------------------------------------------------------------------

export interface Container {
  name: string;
  image: string;
  resources?: { limits?: Record<string, string>; requests?: Record<string, string> };
  [field: string]: unknown;
}

export interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
  nodeName?: string;
  [field: string]: unknown;
}

export interface PodTemplate {
  metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
  spec: PodSpec;
}

export interface WorkloadCondition {
  type: string;
  status: "True" | "False" | "Unknown";
  lastUpdateTime?: string;
  lastTransitionTime: string;
  reason: string;
  message: string;
}

export interface DeploymentStatus {
  observedGeneration?: number;
  replicas?: number;
  updatedReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  unavailableReplicas?: number;
  terminatingReplicas?: number;
  conditions?: WorkloadCondition[];
}

export interface Deployment extends KubernetesObject {
  spec: {
    replicas: number;
    selector: { matchLabels: Record<string, string> };
    template: PodTemplate;
    strategy: {
      type: "RollingUpdate";
      rollingUpdate: { maxUnavailable: string; maxSurge: string };
    };
    revisionHistoryLimit: number;
    paused?: boolean;
    progressDeadlineSeconds: number;
  };
  status: DeploymentStatus;
}

export interface ReplicaSet extends KubernetesObject {
  spec: {
    replicas: number;
    selector: { matchLabels: Record<string, string> };
    template: PodTemplate;
  };
  status: {
    conditions?: WorkloadCondition[];
    replicas: number;
    fullyLabeledReplicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    terminatingReplicas?: number;
    observedGeneration?: number;
  };
}

export interface TerminatedState {
  exitCode: number;
  reason: string;
  message?: string;
  startedAt: string | null;
  finishedAt: string | null;
  containerID?: string;
}

export interface ContainerState {
  waiting?: { reason: string; message?: string };
  running?: { startedAt: string };
  terminated?: TerminatedState;
}

export interface ContainerStatus {
  name: string;
  state: ContainerState;
  lastState: ContainerState;
  ready: boolean;
  restartCount: number;
  image: string;
  imageID: string;
  containerID?: string;
  started: boolean;
  allocatedResources?: Record<string, string>;
  resources?: Container["resources"];
  user?: unknown;
}

export interface PodCondition {
  type: string;
  observedGeneration?: number;
  status: "True" | "False";
  lastProbeTime: null;
  lastTransitionTime: string;
  reason?: string;
  message?: string;
}

export interface PodStatus {
  observedGeneration?: number;
  phase: "Pending" | "Running" | "Succeeded" | "Failed";
  conditions?: PodCondition[];
  hostIP?: string;
  hostIPs?: { ip: string }[];
  podIP?: string;
  podIPs?: { ip: string }[];
  startTime?: string;
  initContainerStatuses?: ContainerStatus[];
  containerStatuses?: ContainerStatus[];
  qosClass: string;
}

export interface Pod extends KubernetesObject {
  spec: PodSpec;
  status: PodStatus;
}

export interface Node extends KubernetesObject {
  status: { addresses: { type: string; address: string }[]; [field: string]: unknown };
}

export interface Event extends KubernetesObject {
  involvedObject: ObjectReference;
  reason: string;
  message: string;
  source: { component?: string; host?: string };
  firstTimestamp: string | null;
  lastTimestamp: string | null;
  count?: number;
  type: "Normal" | "Warning";
  eventTime: string | null;
  action?: string;
  reportingComponent: string;
  reportingInstance: string;
}

export interface ObjectReference {
  kind: string;
  namespace?: string;
  name: string;
  uid: string;
  apiVersion: string;
  resourceVersion: string;
  fieldPath?: string;
}

// --- Flux ------------------------------------------------------------------------------------------------------------

export interface FluxCondition {
  type: string;
  status: "True" | "False" | "Unknown";
  observedGeneration: number;
  lastTransitionTime: string;
  reason: string;
  message: string;
}

export interface FluxStatus {
  observedGeneration?: number;
  conditions?: FluxCondition[];
  lastHandledReconcileAt?: string;
}

export interface FluxObject extends KubernetesObject {
  status: FluxStatus;
}

export interface Artifact {
  digest: string;
  lastUpdateTime: string;
  path: string;
  revision: string;
  size: number;
  url: string;
}

export interface GitRepository extends FluxObject {
  spec: {
    interval: string;
    url: string;
    ref: { branch: string };
    timeout?: string;
    suspend?: boolean;
  };
  status: FluxStatus & { artifact?: Artifact };
}

export interface Inventory {
  entries: { id: string; v: string }[];
}

export interface Kustomization extends FluxObject {
  spec: {
    interval: string;
    path: string;
    prune: boolean;
    sourceRef: { kind: "GitRepository"; name: string; namespace?: string };
    dependsOn?: { name: string; namespace?: string }[];
    retryInterval?: string;
    timeout?: string;
    wait?: boolean;
    targetNamespace?: string;
    patches?: { target?: { kind?: string; name?: string }; patch: string }[];
    suspend?: boolean;
  };
  status: FluxStatus & {
    lastAppliedRevision?: string;
    lastAttemptedRevision?: string;
    history?: KustomizationSnapshot[];
    inventory?: Inventory;
  };
}

export interface KustomizationSnapshot {
  digest: string;
  firstReconciled: string;
  lastReconciled: string;
  lastReconciledDuration: string;
  lastReconciledStatus: string;
  metadata: { revision: string };
  totalReconciliations: number;
}

export interface HelmReleaseSpec {
  interval: string;
  releaseName?: string;
  timeout?: string;
  suspend?: boolean;
  chart?: {
    spec: {
      chart: string;
      version?: string;
      sourceRef: { kind: string; name: string; namespace?: string };
    };
  };
  chartRef?: { kind: string; name: string; namespace?: string };
  dependsOn?: { name: string; namespace?: string }[];
  upgrade?: { timeout?: string; remediation?: Remediation };
  values?: Record<string, unknown>;
  valuesFrom?: { kind: string; name: string; optional?: boolean }[];
  [field: string]: unknown;
}

export interface Remediation {
  retries?: number;
  remediateLastFailure?: boolean;
  strategy?: string;
}

export interface ReleaseSnapshot {
  apiVersion: string;
  action: "install" | "upgrade" | "rollback";
  appVersion: string;
  chartName: string;
  chartVersion: string;
  configDigest: string;
  digest: string;
  ociDigest?: string;
  firstDeployed: string;
  lastDeployed: string;
  name: string;
  namespace: string;
  status: "deployed" | "superseded" | "failed";
  version: number;
}

export interface HelmRelease extends FluxObject {
  spec: HelmReleaseSpec;
  status: FluxStatus & {
    helmChart?: string;
    storageNamespace?: string;
    history?: ReleaseSnapshot[];
    inventory?: Inventory;
    lastAttemptedGeneration?: number;
    lastAttemptedRevision?: string;
    lastAttemptedRevisionDigest?: string;
    lastAttemptedConfigDigest?: string;
    lastAttemptedReleaseAction?: "install" | "upgrade";
    lastAttemptedReleaseActionDuration?: string;
    lastHandledForceAt?: string;
    lastHandledResetAt?: string;
    failures?: number;
    upgradeFailures?: number;
  };
}

export interface OciRepository extends FluxObject {
  spec: {
    interval: string;
    url: string;
    ref?: { tag?: string; semver?: string; digest?: string };
  };
  status: FluxStatus & { artifact?: Artifact };
}

export interface HelmChart extends FluxObject {
  spec: {
    chart: string;
    version: string;
    interval: string;
    sourceRef: { kind: string; name: string };
  };
  status: FluxStatus & {
    artifact?: Artifact;
    observedChartName?: string;
    observedSourceArtifactRevision?: string;
  };
}

export interface Receiver extends FluxObject {
  spec: {
    type: "generic-hmac";
    resources: { apiVersion: string; kind: "GitRepository"; name: string; namespace?: string }[];
    secretRef: { name: string };
    suspend?: boolean;
  };
  status: FluxStatus & { webhookPath?: string };
}
