import { parseKey, runController } from "../kubernetes/controller.ts";
import type { Kubernetes } from "../kubernetes/kubernetes.ts";
import type { Artifact, HelmRelease } from "../kubernetes/objects.ts";
import { hasVersion, resolveVersion, sha256, type Chart } from "./chart.ts";
import { dropConditions, findCondition, setConditions, settleRequest } from "./conditions.ts";
import { ownChanges } from "./trigger.ts";

const looking = 400;
const retry = 30_000;

/** The part of source-controller that finds charts: every range of versions has one in the sandbox. */
export function runChartSources(kubernetes: Kubernetes): void {
  const { store, clock } = kubernetes;

  /** The registry has no such version; it is asked again after a while. */
  function refuse(key: string, range: string): number {
    const { namespace, name } = parseKey(key);
    store.update("ocirepositories", namespace, name, (draft) => {
      const message = `failed to determine the artifact tag for '${draft.spec.url}': no match found for semver: ${range}`;
      setConditions(
        draft,
        clock,
        ["FetchFailed", "True", "OCIArtifactPullFailed", message],
        ["Reconciling", "True", "ProgressingWithRetry", message],
        ["Ready", "False", "OCIArtifactPullFailed", message],
      );
      settleRequest(draft);
    });
    return retry;
  }

  runController(kubernetes, {
    name: "source-controller",
    keys: (change) => ownChanges("ocirepositories", change),
    reconcile: async (key, signal) => {
      const { namespace, name } = parseKey(key);
      await clock.sleep(looking, signal);
      const wanted = store.get("ocirepositories", namespace, name);
      const range = wanted?.spec.ref?.tag ?? wanted?.spec.ref?.semver;
      if (wanted !== undefined && !hasVersion(range)) return refuse(key, range ?? "");
      store.update("ocirepositories", namespace, name, (draft) => {
        const { tag, semver } = draft.spec.ref ?? {};
        const version = tag ?? resolveVersion(semver);
        const digest = sha256(`${draft.spec.url}:${version}`);
        const revision = `${version}@${digest}`;
        const stored = `stored artifact for digest '${revision}'`;
        draft.status.artifact ??= describe(
          "ocirepository",
          namespace,
          name,
          revision,
          clock.timestamp(),
        );
        if (draft.status.artifact.revision !== revision) {
          draft.status.artifact = describe(
            "ocirepository",
            namespace,
            name,
            revision,
            clock.timestamp(),
          );
        }
        dropConditions(draft, "Reconciling", "FetchFailed");
        setConditions(
          draft,
          clock,
          ["ArtifactInStorage", "True", "Succeeded", stored],
          ["Ready", "True", "Succeeded", stored],
        );
        draft.status.observedGeneration = draft.metadata.generation ?? 1;
        settleRequest(draft);
      });
    },
  });
}

/** The chart of a release; undefined while its source has none. A chart of a HelmRepository gets its HelmChart. */
export function findChart(kubernetes: Kubernetes, release: HelmRelease): Chart | undefined {
  const { store } = kubernetes;
  const { namespace = "default", name } = release.metadata;
  const { chart, chartRef } = release.spec;
  if (chart !== undefined) {
    const version = resolveVersion(chart.spec.version);
    ensureHelmChart(kubernetes, release, version);
    return { name: chart.spec.chart, version, appVersion: version };
  }
  const source = store.get(
    "ocirepositories",
    chartRef?.namespace ?? namespace,
    chartRef?.name ?? name,
  );
  const revision = source?.status.artifact?.revision;
  if (source === undefined || revision === undefined) return undefined;
  if (findCondition(source, "Ready")?.status === "False") return undefined;
  const [version = "", digest = ""] = revision.split("@");
  const chartName = source.spec.url.split("/").at(-1) ?? "web";
  // helm-controller adds the beginning of the digest to the version of a chart from an OCIRepository.
  return {
    name: chartName,
    version: `${version}+${digest.slice(7, 19)}`,
    appVersion: version,
    ociDigest: digest,
  };
}

function ensureHelmChart(
  { store, clock }: Kubernetes,
  release: HelmRelease,
  version: string,
): void {
  const { namespace = "default" } = release.metadata;
  const wanted = release.spec.chart?.spec;
  if (wanted === undefined) return;
  const key = {
    namespace: wanted.sourceRef.namespace ?? namespace,
    name: `${namespace}-${release.metadata.name}`,
  };
  const spec = {
    chart: wanted.chart,
    version: wanted.version ?? "*",
    interval: release.spec.interval,
    sourceRef: { kind: wanted.sourceRef.kind, name: wanted.sourceRef.name },
  };
  if (store.get("helmcharts", key.namespace, key.name) === undefined) {
    store.create("helmcharts", { metadata: key, spec, status: { observedGeneration: -1 } });
  }
  const pulled = `pulled '${wanted.chart}' chart with version '${version}'`;
  store.update("helmcharts", key.namespace, key.name, (draft) => {
    draft.spec = spec;
    draft.status.observedChartName = wanted.chart;
    if (draft.status.artifact?.revision !== version) {
      draft.status.artifact = describe(
        "helmchart",
        key.namespace,
        key.name,
        version,
        clock.timestamp(),
      );
    }
    setConditions(
      draft,
      clock,
      ["ArtifactInStorage", "True", "ChartPullSucceeded", pulled],
      ["Ready", "True", "ChartPullSucceeded", pulled],
    );
    draft.status.observedGeneration = draft.metadata.generation ?? 1;
  });
}

function describe(
  kind: string,
  namespace: string,
  name: string,
  revision: string,
  now: string,
): Artifact {
  const path = `${kind}/${namespace}/${name}/${sha256(revision)}.tar.gz`;
  return {
    digest: sha256(path),
    lastUpdateTime: now,
    path,
    revision,
    size: 11_260,
    url: `http://source-controller.flux-system.svc.cluster.local./${path}`,
  };
}
