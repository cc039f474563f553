import { waitFor } from "../kubernetes/controller.ts";
import type { Kubernetes } from "../kubernetes/kubernetes.ts";
import type { HelmRelease, ReleaseSnapshot } from "../kubernetes/objects.ts";
import { digestValues, releaseName, renderDeployment, sha256, type Chart } from "./chart.ts";
import {
  dropConditions,
  isRequested,
  setConditions,
  settleRequest,
  type Wanted,
} from "./conditions.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import type { Overtaking } from "./overtaking.ts";

/** What a HelmRelease wants now. */
export interface Desired {
  readonly chart: Chart;
  readonly values: Readonly<Record<string, unknown>>;
  readonly configDigest: string;
}

type End = "ready" | "failed" | "late" | "overtaken";

const component = "helm-controller";
const rendering = 300;

/** Installs and upgrades a release, waits for its Deployment, and rolls back where the HelmRelease says so. */
export class HelmUpgrade {
  readonly #kubernetes: Kubernetes;
  readonly #options: Overtaking;
  /** The values of each version, as Helm's storage has them. */
  readonly #storage = new Map<string, Desired>();

  constructor(kubernetes: Kubernetes, options: Overtaking) {
    this.#kubernetes = kubernetes;
    this.#options = options;
  }

  /** One attempt, with its rollback. Returns 0 when there is another attempt to make. */
  async run(
    release: HelmRelease,
    wanted: Desired,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { clock } = this.#kubernetes;
    const action = release.status.history === undefined ? "install" : "upgrade";
    const timeout = parseDuration(release.spec.upgrade?.timeout ?? release.spec.timeout ?? "5m");
    const running = `Running '${action}' action with timeout of ${formatDuration(timeout)}`;
    this.#update(release, (draft) => {
      noteAttempt(draft, release, wanted);
      draft.status.lastAttemptedReleaseAction = action;
      dropConditions(draft, "Stalled", "Remediated");
      setConditions(
        draft,
        clock,
        ["Reconciling", "True", "Progressing", running],
        ["Ready", "Unknown", "Progressing", running],
      );
    });
    const startedAt = clock.now();
    await clock.sleep(rendering, signal);
    const broken = this.#deploy(release, wanted);
    if (broken !== undefined) return this.#finishUnreleased(release, action, wanted, broken);
    const end = await this.#waitForDeployment(release, timeout, signal);
    const duration = formatDuration((clock.now() - startedAt) * clock.speed);
    if (end === "ready") return this.#finish(release, action, wanted, duration);
    if (end === "overtaken") return this.#cancel(release, action, wanted);
    return await this.#fail(release, action, wanted, end, signal);
  }

  #finish(
    release: HelmRelease,
    action: "install" | "upgrade",
    wanted: Desired,
    duration: string,
  ): undefined {
    const { clock } = this.#kubernetes;
    const reason = action === "install" ? "InstallSucceeded" : "UpgradeSucceeded";
    let message = "";
    const done = this.#update(release, (draft) => {
      const snapshot = this.#snapshot(draft, wanted, action, "deployed");
      message = `Helm ${action} succeeded for release ${describe(snapshot)}`;
      record(draft, snapshot);
      draft.status.lastAttemptedReleaseActionDuration = duration;
      draft.status.storageNamespace = snapshot.namespace;
      delete draft.status.failures;
      delete draft.status.upgradeFailures;
      draft.status.inventory = {
        entries: [{ id: `${snapshot.namespace}_${snapshot.name}_apps_Deployment`, v: "v1" }],
      };
      dropConditions(draft, "Reconciling", "Stalled");
      setConditions(
        draft,
        clock,
        ["Released", "True", reason, message],
        ["Ready", "True", reason, message],
      );
      draft.status.observedGeneration = release.metadata.generation ?? 1;
      settleRequest(draft);
    });
    this.#tell(done, "Normal", reason, message);
  }

  async #fail(
    release: HelmRelease,
    action: "install" | "upgrade",
    wanted: Desired,
    end: End,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { clock } = this.#kubernetes;
    const reason = action === "install" ? "InstallFailed" : "UpgradeFailed";
    const { namespace } = release.metadata;
    const name = releaseName(release);
    const culprit = `[Deployment/${namespace}/${name} status: '${end === "failed" ? "Failed" : "InProgress"}']`;
    const why =
      end === "failed"
        ? `failed early due to stalled resources: ${culprit}`
        : `timeout waiting for: ${culprit}`;
    const message = `Helm ${action} failed for release ${namespace}/${name} with chart ${wanted.chart.name}@${wanted.chart.version}: ${why}`;
    const {
      retries = 0,
      remediateLastFailure = retries !== 0,
      strategy = "rollback",
    } = release.spec.upgrade?.remediation ?? {};
    let failures = 0;
    const failed = this.#update(release, (draft) => {
      record(draft, this.#snapshot(draft, wanted, action, "failed"));
      draft.status.failures = (draft.status.failures ?? 0) + 1;
      failures = (draft.status.upgradeFailures ?? 0) + 1;
      draft.status.upgradeFailures = failures;
      setConditions(
        draft,
        clock,
        ["Released", "False", reason, message],
        ["Ready", "False", reason, message],
      );
    });
    this.#tell(failed, "Warning", reason, message);
    const exhausted = retries >= 0 && failures > retries;
    // The newest one that worked: a failed upgrade leaves it "deployed" in Helm's storage.
    const previous = failed?.status.history?.find(({ status }) => status !== "failed");
    const remediate =
      strategy === "rollback" &&
      previous !== undefined &&
      (exhausted ? remediateLastFailure : true);
    if (remediate) await this.#rollBack(release, previous, signal);
    const text = exhausted
      ? `Failed to ${action} after ${failures} attempt(s)`
      : `retrying after failure ${failures} of ${retries + 1}`;
    this.#update(release, (draft) => {
      const retrying: Wanted = ["Reconciling", "True", "ProgressingWithRetry", text];
      if (!exhausted) return setConditions(draft, clock, retrying);
      dropConditions(draft, "Reconciling");
      setConditions(draft, clock, ["Stalled", "True", "RetriesExceeded", text]);
      draft.status.observedGeneration = release.metadata.generation ?? 1;
      settleRequest(draft);
    });
    return exhausted ? undefined : 0;
  }

  async #rollBack(
    release: HelmRelease,
    target: ReleaseSnapshot,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#kubernetes;
    const timeout = parseDuration(release.spec.timeout ?? "5m");
    const running = `Running 'rollback' action with timeout of ${formatDuration(timeout)}`;
    this.#update(release, (draft) =>
      setConditions(draft, clock, ["Reconciling", "True", "Progressing", running]),
    );
    const wanted = this.#storage.get(`${keyOfRelease(release)} ${target.version}`);
    if (wanted === undefined)
      throw new Error(
        `Helm's storage has no version ${target.version} of ${keyOfRelease(release)}`,
      );
    this.#deploy(release, wanted);
    const end = await this.#waitForDeployment(release, timeout, signal);
    const succeeded = end === "ready";
    const reason = succeeded ? "RollbackSucceeded" : "RollbackFailed";
    const message = `Helm rollback to previous release ${describe(target)} ${succeeded ? "succeeded" : "failed: context deadline exceeded"}`;
    const done = this.#update(release, (draft) => {
      record(draft, {
        ...this.#snapshot(draft, wanted, "rollback", succeeded ? "deployed" : "failed"),
        firstDeployed: target.firstDeployed,
      });
      setConditions(
        draft,
        clock,
        ["Remediated", succeeded ? "True" : "False", reason, message],
        ["Ready", "False", reason, message],
      );
    });
    this.#tell(done, succeeded ? "Normal" : "Warning", reason, message);
  }

  /** A newer generation came while this one was waited for (feature gate CancelHealthCheckOnNewRevision). */
  #cancel(release: HelmRelease, action: "install" | "upgrade", wanted: Desired): undefined {
    const { clock } = this.#kubernetes;
    const message = `New reconciliation triggered by HelmRelease/${keyOfRelease(release)}`;
    this.#update(release, (draft) => {
      record(draft, this.#snapshot(draft, wanted, action, "failed"));
      setConditions(
        draft,
        clock,
        ["Released", "False", "HealthCheckCanceled", message],
        ["Ready", "False", "HealthCheckCanceled", message],
      );
    });
  }

  /** Nothing was stored: the chart could not even be rendered. Such a failure is not counted. */
  #finishUnreleased(release: HelmRelease, action: string, { chart }: Desired, why: string): number {
    const { clock } = this.#kubernetes;
    const message = `Helm ${action} failed for release ${keyOfRelease(release)} with chart ${chart.name}@${chart.version}: ${why}`;
    const reason = action === "install" ? "InstallFailed" : "UpgradeFailed";
    const failed = this.#update(release, (draft) => {
      setConditions(
        draft,
        clock,
        ["Released", "False", reason, message],
        ["Ready", "False", reason, message],
        ["Reconciling", "True", "ProgressingWithRetry", message],
      );
      settleRequest(draft);
    });
    this.#tell(failed, "Warning", reason, message);
    return 60_000;
  }

  /** Returns why the chart cannot be rendered, if so. */
  #deploy(release: HelmRelease, { chart, values }: Desired): string | undefined {
    const { store } = this.#kubernetes;
    let rendered: ReturnType<typeof renderDeployment>;
    try {
      rendered = renderDeployment(release, chart, values);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    const { namespace, name, labels } = rendered.metadata;
    const updated = store.update("deployments", namespace, name, (draft) => {
      draft.spec = rendered.spec;
      draft.metadata.labels = labels;
    });
    if (updated === undefined) store.create("deployments", { ...rendered, status: {} });
    return undefined;
  }

  async #waitForDeployment(
    release: HelmRelease,
    timeout: number,
    signal: AbortSignal,
  ): Promise<End> {
    const { store } = this.#kubernetes;
    const { namespace, name, generation } = release.metadata;
    const end = await waitFor(this.#kubernetes, timeout, signal, (): End | undefined => {
      const newest = store.get("helmreleases", namespace, name);
      if (this.#options.cancelOnNewRevision === true && newest?.metadata.generation !== generation)
        return "overtaken";
      const deployment = store.get("deployments", namespace, releaseName(release));
      if (
        deployment === undefined ||
        deployment.status.observedGeneration !== deployment.metadata.generation
      )
        return undefined;
      const {
        replicas = 0,
        updatedReplicas = 0,
        availableReplicas = 0,
        conditions = [],
      } = deployment.status;
      const progressing = conditions.find(({ type }) => type === "Progressing")?.reason;
      if (progressing === "ProgressDeadlineExceeded") return "failed";
      const wanted = deployment.spec.replicas;
      const complete =
        replicas === wanted && updatedReplicas === wanted && availableReplicas === wanted;
      return complete && progressing === "NewReplicaSetAvailable" ? "ready" : undefined;
    });
    return end ?? "late";
  }

  #snapshot(
    { metadata, spec, status, ...rest }: HelmRelease,
    wanted: Desired,
    action: ReleaseSnapshot["action"],
    end: "deployed" | "failed",
  ): ReleaseSnapshot {
    const release = { ...rest, metadata, spec, status };
    const now = this.#kubernetes.clock.timestamp();
    const [newest] = status.history ?? [];
    const version = (newest?.version ?? 0) + 1;
    this.#storage.set(`${keyOfRelease(release)} ${version}`, wanted);
    return {
      apiVersion: "v2",
      action,
      appVersion: wanted.chart.appVersion,
      chartName: wanted.chart.name,
      chartVersion: wanted.chart.version,
      configDigest: digestValues(wanted.values),
      digest: sha256(`${keyOfRelease(release)} ${version} ${wanted.configDigest} ${now}`),
      ...(wanted.chart.ociDigest === undefined ? {} : { ociDigest: wanted.chart.ociDigest }),
      firstDeployed: newest?.firstDeployed ?? now,
      lastDeployed: now,
      name: releaseName(release),
      namespace: metadata.namespace ?? "default",
      status: end,
      version,
    };
  }

  #update(
    { metadata }: HelmRelease,
    change: (draft: HelmRelease) => void,
  ): HelmRelease | undefined {
    return this.#kubernetes.store.update("helmreleases", metadata.namespace, metadata.name, change);
  }

  #tell(
    about: HelmRelease | undefined,
    type: "Normal" | "Warning",
    reason: string,
    message: string,
  ): void {
    if (about !== undefined)
      this.#kubernetes.events.record({ about, type, reason, message, component });
  }
}

/** What the controller says it works on; a new generation, or a request, begins to count failures anew. */
export function noteAttempt(
  draft: HelmRelease,
  release: HelmRelease,
  { chart, configDigest }: Desired,
): void {
  const { status } = draft;
  if (status.lastAttemptedGeneration !== release.metadata.generation || isRequested(draft)) {
    delete status.failures;
    delete status.upgradeFailures;
  }
  status.lastAttemptedGeneration = release.metadata.generation ?? 1;
  status.lastAttemptedConfigDigest = configDigest;
  status.lastAttemptedRevision = chart.version;
  if (chart.ociDigest !== undefined) status.lastAttemptedRevisionDigest = chart.ociDigest;
}

/** Newest first, at most five. What was deployed is superseded by a success only. */
function record(draft: HelmRelease, snapshot: ReleaseSnapshot): void {
  const before = (draft.status.history ?? []).map((one) =>
    one.status === "deployed" && snapshot.status === "deployed"
      ? { ...one, status: "superseded" as const }
      : one,
  );
  draft.status.history = [snapshot, ...before].slice(0, 5);
}

function describe({ namespace, name, version, chartName, chartVersion }: ReleaseSnapshot): string {
  return `${namespace}/${name}.v${version} with chart ${chartName}@${chartVersion}`;
}

function keyOfRelease({ metadata, spec }: Pick<HelmRelease, "metadata" | "spec">): string {
  return `${metadata.namespace}/${spec.releaseName ?? metadata.name}`;
}
