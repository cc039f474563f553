import { isRecord } from "../kubernetes/merge-patch.ts";
import type { HelmRelease, PodTemplate } from "../kubernetes/objects.ts";
import type { NewObject } from "../kubernetes/store.ts";
import { releaseName, renderImage, type Chart } from "./chart.ts";

/** The kinds of workloads that the web chart can make. */
export const workloadPlurals = ["deployments", "statefulsets", "daemonsets", "jobs"] as const;

export type WorkloadPlural = (typeof workloadPlurals)[number];

/** One workload as the chart wants it. */
export type Rendered = {
  [P in WorkloadPlural]: {
    readonly plural: P;
    readonly content: Omit<NewObject<P>, "status">;
    /** Run before anything else is changed, and only when the release is upgraded. */
    readonly hook?: "pre-upgrade";
  };
}[WorkloadPlural];

type Values = Readonly<Record<string, unknown>>;
type Labels = Record<string, string>;

/**
 * Renders the workloads of the web chart: `web` as a Deployment, or as the kind that `workload` says; `worker` and `migration`
 * where the values ask for them. `version` is that of the release. Throws what Helm says where values are missing.
 */
export function render(
  release: HelmRelease,
  chart: Chart,
  values: Values,
  version: number,
): readonly Rendered[] {
  const worker = isRecord(values["worker"]) ? values["worker"] : undefined;
  const migration = isRecord(values["migration"]) ? values["migration"] : undefined;
  return [
    ...(migration === undefined ? [] : [renderJob(release, chart, values, migration, version)]),
    renderWeb(release, chart, values),
    ...(worker === undefined ? [] : [renderWorker(release, chart, values, worker)]),
  ];
}

function renderWeb(release: HelmRelease, chart: Chart, values: Values): Rendered {
  const name = releaseName(release);
  const own = { "app.kubernetes.io/instance": name, "app.kubernetes.io/name": "web" };
  const metadata = renderMetadata(release, chart, name, own);
  const asked = values["replicaCount"] ?? values["replicas"];
  const replicas = typeof asked === "number" ? asked : 3;
  const common = {
    selector: { matchLabels: own },
    template: renderTemplate(own, values),
    revisionHistoryLimit: 10,
  };
  const onDelete =
    values["updateStrategy"] === "OnDelete" ? ({ type: "OnDelete" } as const) : undefined;
  const type = "RollingUpdate";
  switch (values["workload"]) {
    case "StatefulSet": {
      const partition = typeof values["partition"] === "number" ? values["partition"] : 0;
      const spec = {
        ...common,
        replicas,
        serviceName: name,
        podManagementPolicy:
          values["podManagementPolicy"] === "Parallel"
            ? ("Parallel" as const)
            : ("OrderedReady" as const),
        updateStrategy: onDelete ?? ({ type, rollingUpdate: { partition } } as const),
      };
      return { plural: "statefulsets", content: { metadata, spec } };
    }
    case "DaemonSet": {
      const updateStrategy =
        onDelete ?? ({ type, rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } as const);
      return { plural: "daemonsets", content: { metadata, spec: { ...common, updateStrategy } } };
    }
    default:
      return {
        plural: "deployments",
        content: { metadata, spec: { ...common, replicas, ...rolling } },
      };
  }
}

const rolling = {
  strategy: {
    type: "RollingUpdate" as const,
    rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" },
  },
  progressDeadlineSeconds: 600,
};

function renderWorker(
  release: HelmRelease,
  chart: Chart,
  values: Values,
  worker: Values,
): Rendered {
  const own = {
    "app.kubernetes.io/instance": releaseName(release),
    "app.kubernetes.io/name": "worker",
  };
  const deadline = worker["progressDeadlineSeconds"];
  const spec = {
    selector: { matchLabels: own },
    template: renderTemplate(own, { ...values, ...worker }),
    revisionHistoryLimit: 10,
    replicas: 1,
    ...rolling,
    ...(typeof deadline === "number" ? { progressDeadlineSeconds: deadline } : {}),
  };
  const metadata = renderMetadata(release, chart, `${releaseName(release)}-worker`, own);
  return { plural: "deployments", content: { metadata, spec } };
}

/** The migration of the database: a hook before the upgrade, or, with `hook: false`, a Job beside the rest. */
function renderJob(
  release: HelmRelease,
  chart: Chart,
  values: Values,
  migration: Values,
  version: number,
): Rendered {
  const isHook = migration["hook"] !== false;
  const own = {
    "app.kubernetes.io/instance": releaseName(release),
    "app.kubernetes.io/name": "migration",
  };
  const { spec: pod } = renderTemplate(own, values);
  const { readinessProbe: _, ...container } = pod.containers[0] ?? { name: "", image: "" };
  const limit = migration["backoffLimit"];
  const spec = {
    parallelism: 1,
    completions: 1,
    backoffLimit: typeof limit === "number" ? limit : 6,
    template: {
      metadata: { labels: own },
      spec: {
        ...pod,
        containers: [{ ...container, name: "migrate" }],
        restartPolicy: migration["restartPolicy"] === "OnFailure" ? "OnFailure" : "Never",
      },
    },
  };
  // The template of a Job cannot be changed: beside the rest each version of the release has its own.
  const name = `${releaseName(release)}-migrate`;
  if (!isHook) {
    const metadata = renderMetadata(release, chart, `${name}-${version}`, own);
    return { plural: "jobs", content: { metadata, spec } };
  }
  // A hook has no owner in Helm's eyes: neither Helm's annotations nor the labels that Flux gives the rest.
  const { name: _name, namespace, labels } = renderMetadata(release, chart, name, own);
  const kept = Object.entries(labels).filter(([label]) => !label.startsWith("helm.toolkit"));
  const annotations = {
    "helm.sh/hook": "pre-upgrade",
    "helm.sh/hook-delete-policy": "before-hook-creation",
  };
  const metadata = { name, namespace, labels: Object.fromEntries(kept), annotations };
  return { plural: "jobs", content: { metadata, spec }, hook: "pre-upgrade" };
}

function renderMetadata(release: HelmRelease, chart: Chart, name: string, own: Labels) {
  const { namespace = "default" } = release.metadata;
  return {
    name,
    namespace,
    labels: {
      ...own,
      "app.kubernetes.io/managed-by": "Helm",
      "helm.sh/chart": `${chart.name}-${chart.version}`.replaceAll("+", "_"),
      "helm.toolkit.fluxcd.io/name": release.metadata.name,
      "helm.toolkit.fluxcd.io/namespace": namespace,
    },
    annotations: {
      "meta.helm.sh/release-name": releaseName(release),
      "meta.helm.sh/release-namespace": namespace,
    },
  };
}

function renderTemplate(
  labels: Record<string, string>,
  values: Readonly<Record<string, unknown>>,
): PodTemplate {
  const image = isRecord(values["image"]) ? values["image"] : {};
  const env = isRecord(values["env"]) ? values["env"] : {};
  const probes = isRecord(values["probes"]) ? values["probes"] : {};
  const defaults = {
    timeoutSeconds: 1,
    periodSeconds: 5,
    successThreshold: 1,
    failureThreshold: 3,
  };
  const readiness = isRecord(probes["readiness"])
    ? probes["readiness"]
    : { httpGet: { path: "/healthz", port: "http", scheme: "HTTP" } };
  const resources = isRecord(values["resources"]) ? values["resources"] : {};
  return {
    metadata: { labels },
    spec: {
      containers: [
        {
          name: "web",
          image: renderImage(values),
          ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
          env: Object.entries(env).map(([name, value]) => ({ name, value: String(value) })),
          resources,
          readinessProbe: { ...defaults, ...readiness },
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
          imagePullPolicy:
            typeof image["pullPolicy"] === "string" ? image["pullPolicy"] : "IfNotPresent",
        },
      ],
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      securityContext: {},
      schedulerName: "default-scheduler",
    },
  };
}
