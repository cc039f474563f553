import { parseKey, runController } from "../kubernetes/controller.ts";
import type { Kubernetes } from "../kubernetes/kubernetes.ts";
import type { HelmRelease } from "../kubernetes/objects.ts";
import type { Change } from "../kubernetes/store.ts";
import { findChart } from "./chart-source.ts";
import { digestValues, releaseName } from "./chart.ts";
import { awake } from "./controllers.ts";
import {
  dropConditions,
  findCondition,
  isTrue,
  setConditions,
  settleRequest,
} from "./conditions.ts";
import { noteAttempt, type Desired } from "./helm-storage.ts";
import { HelmUpgrade } from "./helm-upgrade.ts";
import { removeAllOf } from "./installed.ts";
import type { Overtaking } from "./overtaking.ts";
import { ownChanges } from "./trigger.ts";

const prerequisites = 400;
const dependencyRetry = 30_000;
const sourceRetry = 5_000;

/** Releases what a HelmRelease says: at every new generation, or when it is asked to. */
export function runHelmController(
  kubernetes: Kubernetes,
  options: Overtaking,
  held: ReadonlySet<string>,
): void {
  const { store, clock } = kubernetes;
  const pass = new HelmUpgrade(kubernetes, options, held);

  function keys(change: Change): string[] {
    // What the release made goes with it.
    if (change.plural === "helmreleases" && change.type === "DELETED") {
      const { namespace, name } = change.object.metadata;
      removeAllOf(store, namespace, name);
    }
    return ownChanges("helmreleases", change);
  }

  async function reconcile(key: string, signal: AbortSignal): Promise<number | undefined> {
    const { namespace, name } = parseKey(key);
    await awake(kubernetes, "helm-controller", signal);
    const release = store.get("helmreleases", namespace, name);
    if (release === undefined || release.spec.suspend === true) return undefined;
    if (isExhausted(release)) return settle(release);
    update(release, (draft) => {
      setConditions(draft, clock, [
        "Reconciling",
        "True",
        "Progressing",
        "Fulfilling prerequisites",
      ]);
    });
    await clock.sleep(prerequisites, signal);
    const wanted = desire(release);
    if ("reason" in wanted) {
      update(release, (draft) => {
        setConditions(
          draft,
          clock,
          ["Ready", "False", wanted.reason, wanted.message],
          ["Reconciling", "True", "ProgressingWithRetry", wanted.message],
        );
        settleRequest(draft);
      });
      return wanted.retry;
    }
    if (isInSync(release, wanted)) return finishInSync(release, wanted);
    return await pass.run(release, wanted, signal);
  }

  /** What is wanted, or why that cannot be said yet. */
  function desire(
    release: HelmRelease,
  ): Desired | { reason: string; message: string; retry: number } {
    const { namespace = "default" } = release.metadata;
    for (const one of release.spec.dependsOn ?? []) {
      const dependency = store.get("helmreleases", one.namespace ?? namespace, one.name);
      const ready =
        dependency !== undefined &&
        dependency.status.observedGeneration === dependency.metadata.generation &&
        isTrue(dependency, "Ready");
      const message = `dependency '${one.namespace ?? namespace}/${one.name}' is not ready`;
      if (!ready) return { reason: "DependencyNotReady", message, retry: dependencyRetry };
    }
    const chart = findChart(kubernetes, release);
    if (chart === undefined) {
      const { kind = "HelmChart", name = "" } = release.spec.chartRef ?? {};
      const source = store.get("ocirepositories", namespace, name);
      const why = source === undefined ? undefined : findCondition(source, "Ready");
      const said =
        why?.status === "False"
          ? why.message
          : "latest generation of object has not been reconciled";
      return {
        reason: "SourceNotReady",
        message: `${kind} '${namespace}/${name}' is not ready: ${said}`,
        retry: sourceRetry,
      };
    }
    const missing = release.spec.valuesFrom?.find(({ optional }) => optional !== true);
    if (missing !== undefined) {
      const message = `could not resolve ${missing.kind} chart values reference '${namespace}/${missing.name}' with key 'values.yaml': ${missing.kind.toLowerCase()}s "${missing.name}" not found`;
      return { reason: "ValuesError", message, retry: dependencyRetry };
    }
    const values = release.spec.values ?? {};
    return { chart, values, configDigest: digestValues(values) };
  }

  /** The same values are released already: success without a new version of the release. */
  function finishInSync(release: HelmRelease, wanted: Desired): undefined {
    const name = releaseName(release);
    update(release, (draft) => {
      noteAttempt(draft, release, wanted);
      const version = draft.status.history?.[0]?.version ?? 1;
      const message = `Helm upgrade succeeded for release ${release.metadata.namespace}/${name}.v${version} with chart ${wanted.chart.name}@${wanted.chart.version}`;
      dropConditions(draft, "Reconciling", "Stalled", "Remediated");
      const released = draft.status.conditions?.find(({ type }) => type === "Released");
      const words =
        released?.status === "True" ? released : { reason: "UpgradeSucceeded", message };
      setConditions(
        draft,
        clock,
        ["Released", "True", words.reason, words.message],
        ["Ready", "True", words.reason, words.message],
      );
      draft.status.observedGeneration = release.metadata.generation ?? 1;
      delete draft.status.failures;
      delete draft.status.upgradeFailures;
      settleRequest(draft);
    });
  }

  function settle(release: HelmRelease): undefined {
    update(release, (draft) => settleRequest(draft));
  }

  function update(release: HelmRelease, change: (draft: HelmRelease) => void): void {
    store.update("helmreleases", release.metadata.namespace, release.metadata.name, change);
  }

  runController(kubernetes, { name: "helm-controller", keys, reconcile });
}

function isInSync({ status }: HelmRelease, { chart, configDigest }: Desired): boolean {
  const [newest] = status.history ?? [];
  return (
    newest?.status === "deployed" &&
    newest.configDigest === configDigest &&
    newest.chartVersion === chart.version
  );
}

/** Stalled with this generation, and nobody asked to forget the failures. */
function isExhausted({ metadata, status, ...release }: HelmRelease): boolean {
  const stalled = isTrue({ ...release, metadata, status }, "Stalled");
  const {
    "reconcile.fluxcd.io/requestedAt": token,
    "reconcile.fluxcd.io/resetAt": reset,
    "reconcile.fluxcd.io/forceAt": force,
  } = metadata.annotations ?? {};
  const asked =
    token !== undefined &&
    token !== status.lastHandledReconcileAt &&
    (reset === token || force === token);
  return stalled && status.lastAttemptedGeneration === metadata.generation && !asked;
}
