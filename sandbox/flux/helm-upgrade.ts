import { waitFor } from "../kubernetes/controller.ts";
import type { Kubernetes } from "../kubernetes/kubernetes.ts";
import type { Deployment, HelmRelease, ReleaseSnapshot } from "../kubernetes/objects.ts";
import type { Store } from "../kubernetes/store.ts";
import {
  digestValues,
  refuseService,
  releaseName,
  renderDeployments,
  sha256,
  type Chart,
} from "./chart.ts";
import { isRecord } from "../kubernetes/merge-patch.ts";
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

type End = "ready" | "failed" | "late" | "overtaken" | "refused" | "untested" | "held";

const component = "helm-controller";
const rendering = 300;
const testing = 1500;

/** Installs and upgrades a release, waits for its Deployment, and rolls back where the HelmRelease says so. */
export class HelmUpgrade {
  readonly #kubernetes: Kubernetes;
  readonly #options: Overtaking;
  readonly #held: ReadonlySet<string>;
  /** The values of each version, as Helm's storage has them. */
  readonly #storage = new Map<string, Desired>();

  /** `held` are the releases, `namespace/name`, that somebody else's Helm is at work on. */
  constructor(kubernetes: Kubernetes, options: Overtaking, held: ReadonlySet<string>) {
    this.#kubernetes = kubernetes;
    this.#options = options;
    this.#held = held;
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
    const held = this.#held.has(keyOfRelease(release));
    if (held) return await this.#fail(release, action, wanted, "held", signal);
    const broken = this.#deploy(release, wanted);
    if (broken !== undefined) return this.#finishUnreleased(release, action, wanted, broken);
    const refused = refuseService(release, wanted.values);
    const end =
      refused === undefined ? await this.#waitForDeployments(release, timeout, signal) : "refused";
    const duration = formatDuration((clock.now() - startedAt) * clock.speed);
    if (end === "overtaken") return this.#cancel(release, action, wanted);
    if (end !== "ready") return await this.#fail(release, action, wanted, end, signal);
    this.#finish(release, action, wanted, duration);
    return (await this.#passesTest(release, wanted, signal))
      ? undefined
      : await this.#fail(release, action, wanted, "untested", signal);
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
    const chart = `${wanted.chart.name}@${wanted.chart.version}`;
    const message =
      end === "untested"
        ? `Helm test failed for release ${namespace}/${name} with chart ${chart}: 1 error occurred: pod ${name}-smoke-test failed`
        : `Helm ${action} failed for release ${namespace}/${name} with chart ${chart}: ${this.#explain(release, wanted, end)}`;
    const {
      retries = 0,
      remediateLastFailure = retries !== 0,
      strategy = "rollback",
    } = release.spec.upgrade?.remediation ?? {};
    let failures = 0;
    const failed = this.#update(release, (draft) => {
      // What Helm refuses to begin leaves nothing in its storage.
      if (end !== "held") record(draft, this.#snapshot(draft, wanted, action, "failed"));
      draft.status.failures = (draft.status.failures ?? 0) + 1;
      failures = (draft.status.upgradeFailures ?? 0) + 1;
      draft.status.upgradeFailures = failures;
      const what: Wanted =
        end === "untested"
          ? ["TestSuccess", "False", "TestFailed", message]
          : ["Released", "False", reason, message];
      setConditions(draft, clock, what, ["Ready", "False", what[2], message]);
    });
    this.#tell(failed, "Warning", end === "untested" ? "TestFailed" : reason, message);
    const exhausted = retries >= 0 && failures > retries;
    // The newest one that worked: a failed upgrade leaves it "deployed" in Helm's storage.
    const previous = failed?.status.history?.find(({ status }) => status !== "failed");
    const remediate =
      strategy === "rollback" &&
      previous !== undefined &&
      (exhausted ? remediateLastFailure : true);
    if (remediate && end !== "held") await this.#rollBack(release, previous, signal);
    if (strategy === "uninstall" && (exhausted ? remediateLastFailure : true))
      this.#uninstall(release);
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

  /** Helm's own words about what went wrong. */
  #explain(release: HelmRelease, wanted: Desired, end: End): string {
    if (end === "refused") return refuseService(release, wanted.values) ?? "";
    if (end === "held") return "another operation (install/upgrade/rollback) is in progress";
    const { store } = this.#kubernetes;
    const { namespace } = release.metadata;
    const culprits = deploymentsOf(store, release)
      .filter((one) => stateOf(one) !== "ready")
      .map((one) => {
        const status = stateOf(one) === "failed" ? "Failed" : "InProgress";
        return `Deployment/${namespace}/${one.metadata.name} status: '${status}'`;
      });
    const why = end === "failed" ? "failed early due to stalled resources" : "timeout waiting for";
    return `${why}: [${culprits.join(", ")}]`;
  }

  /** The chart's own test, where the release asks for it: whether the application answers at a path. */
  async #passesTest(release: HelmRelease, { values }: Desired, signal: AbortSignal) {
    const { clock } = this.#kubernetes;
    if (!isRecord(release.spec["test"]) || release.spec["test"]["enable"] !== true) return true;
    const running = "Running 'test' action with timeout of 5m0s";
    this.#update(release, (draft) =>
      setConditions(
        draft,
        clock,
        ["TestSuccess", "Unknown", "AwaitingTests", "Release is awaiting tests"],
        ["Reconciling", "True", "Progressing", running],
        ["Ready", "Unknown", "Progressing", running],
      ),
    );
    await clock.sleep(testing, signal);
    const test = isRecord(values["smokeTest"]) ? values["smokeTest"] : {};
    const passed = (test["path"] ?? "/healthz") === "/healthz";
    if (passed) {
      const message = `Helm test succeeded for release ${keyOfRelease(release)}`;
      this.#update(release, (draft) => {
        dropConditions(draft, "Reconciling");
        setConditions(
          draft,
          clock,
          ["TestSuccess", "True", "TestSucceeded", message],
          ["Ready", "True", "TestSucceeded", message],
        );
      });
    }
    return passed;
  }

  #uninstall(release: HelmRelease): void {
    const { store, clock } = this.#kubernetes;
    const message = `Helm uninstall succeeded for release ${keyOfRelease(release)}`;
    for (const { metadata } of deploymentsOf(store, release))
      store.remove("deployments", metadata.namespace ?? "", metadata.name);
    const done = this.#update(release, (draft) => {
      setConditions(
        draft,
        clock,
        ["Remediated", "True", "UninstallSucceeded", message],
        ["Ready", "False", "UninstallSucceeded", message],
      );
    });
    this.#tell(done, "Normal", "UninstallSucceeded", message);
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
    const end = await this.#waitForDeployments(release, timeout, signal);
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
    let rendered: ReturnType<typeof renderDeployments>;
    try {
      rendered = renderDeployments(release, chart, values);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    for (const one of rendered) {
      const { namespace, name, labels } = one.metadata;
      const updated = store.update("deployments", namespace, name, (draft) => {
        // What the chart does not say stays as it is.
        const { paused } = draft.spec;
        draft.spec = { ...one.spec, ...(paused === undefined ? {} : { paused }) };
        draft.metadata.labels = labels;
      });
      if (updated === undefined) store.create("deployments", { ...one, status: {} });
    }
    const names = new Set(rendered.map(({ metadata }) => metadata.name));
    for (const { metadata } of deploymentsOf(store, release)) {
      if (!names.has(metadata.name))
        store.remove("deployments", metadata.namespace ?? "", metadata.name);
    }
    return undefined;
  }

  async #waitForDeployments(
    release: HelmRelease,
    timeout: number,
    signal: AbortSignal,
  ): Promise<End> {
    const { store } = this.#kubernetes;
    const { namespace, name, generation } = release.metadata;
    const patience = timeout * (this.#options.helmPatience ?? 1);
    const end = await waitFor(this.#kubernetes, patience, signal, (): End | undefined => {
      const newest = store.get("helmreleases", namespace, name);
      if (this.#options.cancelOnNewRevision === true && newest?.metadata.generation !== generation)
        return "overtaken";
      const states = deploymentsOf(store, release).map(stateOf);
      if (states.includes("failed")) return "failed";
      return states.length > 0 && states.every((state) => state === "ready") ? "ready" : undefined;
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

/** What a release has installed, by the labels that helm-controller puts on it. */
function deploymentsOf(store: Store, release: HelmRelease) {
  return store
    .list("deployments", release.metadata.namespace)
    .filter(
      ({ metadata }) => metadata.labels?.["helm.toolkit.fluxcd.io/name"] === release.metadata.name,
    );
}

/** As kstatus judges a Deployment. */
function stateOf({ metadata, spec, status }: Deployment): "ready" | "failed" | "going" {
  if (status.observedGeneration !== metadata.generation) return "going";
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, conditions = [] } = status;
  const progressing = conditions.find(({ type }) => type === "Progressing")?.reason;
  if (progressing === "ProgressDeadlineExceeded") return "failed";
  const wanted = spec.replicas;
  const complete =
    replicas === wanted && updatedReplicas === wanted && availableReplicas === wanted;
  return complete && progressing === "NewReplicaSetAvailable" ? "ready" : "going";
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
