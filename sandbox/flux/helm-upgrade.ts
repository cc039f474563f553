import type { Kubernetes } from "../kubernetes/kubernetes.ts";
import { isRecord } from "../kubernetes/merge-patch.ts";
import type { HelmRelease, ReleaseSnapshot } from "../kubernetes/objects.ts";
import { resources } from "../kubernetes/resources.ts";
import { releaseName } from "./chart.ts";
import { dropConditions, setConditions, settleRequest, type Wanted } from "./conditions.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import {
  describeVersion,
  HelmStorage,
  keyOfRelease,
  noteAttempt,
  record,
  type Desired,
} from "./helm-storage.ts";
import { HelmWork, tryRender, type End } from "./helm-work.ts";
import { installedBy, uninstall } from "./installed.ts";
import type { Overtaking } from "./overtaking.ts";

const component = "helm-controller";
const rendering = 300;
const testing = 1500;

/** Installs and upgrades a release, waits for its workloads, and rolls back where the HelmRelease says so. */
export class HelmUpgrade {
  readonly #kubernetes: Kubernetes;
  readonly #held: ReadonlySet<string>;
  readonly #storage: HelmStorage;
  readonly #work: HelmWork;

  /** `held` are the releases, `namespace/name`, that somebody else's Helm is at work on. */
  constructor(kubernetes: Kubernetes, options: Overtaking, held: ReadonlySet<string>) {
    this.#kubernetes = kubernetes;
    this.#storage = new HelmStorage(kubernetes.clock);
    this.#work = new HelmWork(kubernetes, options);
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
    const startedAt = clock.ticks();
    await clock.sleep(rendering, signal);
    const held = this.#held.has(keyOfRelease(release));
    if (held) return await this.#fail(release, action, wanted, "held", signal);
    const rendered = tryRender(release, wanted);
    if (typeof rendered === "string")
      return this.#finishUnreleased(release, action, wanted, rendered);
    const end = await this.#work.upgrade(release, wanted, rendered, { timeout, signal });
    const duration = formatDuration(clock.ticks() - startedAt);
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
      const snapshot = this.#storage.keep(draft, wanted, action, "deployed");
      message = `Helm ${action} succeeded for release ${describeVersion(snapshot)}`;
      record(draft, snapshot);
      draft.status.lastAttemptedReleaseActionDuration = duration;
      draft.status.storageNamespace = snapshot.namespace;
      delete draft.status.failures;
      delete draft.status.upgradeFailures;
      draft.status.inventory = {
        entries: installedBy(this.#kubernetes.store, release).map(({ plural, metadata }) => ({
          id: `${metadata.namespace ?? ""}_${metadata.name}_${resources[plural].group}_${resources[plural].kind}`,
          v: "v1",
        })),
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
        : `Helm ${action} failed for release ${namespace}/${name} with chart ${chart}: ${this.#work.explain(release, wanted, end)}`;
    const {
      retries = 0,
      remediateLastFailure = retries !== 0,
      strategy = "rollback",
    } = release.spec.upgrade?.remediation ?? {};
    let failures = 0;
    const failed = this.#update(release, (draft) => {
      // What Helm refuses to begin leaves nothing in its storage.
      if (end !== "held") record(draft, this.#storage.keep(draft, wanted, action, "failed"));
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
    uninstall(store, release);
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
    const wanted = this.#storage.read(release, target.version);
    const rendered = tryRender(release, wanted);
    if (typeof rendered === "string") throw new Error(rendered);
    const end = await this.#work.rollBack(release, rendered, { timeout, signal });
    const succeeded = end === "ready";
    const reason = succeeded ? "RollbackSucceeded" : "RollbackFailed";
    const message = `Helm rollback to previous release ${describeVersion(target)} ${succeeded ? "succeeded" : "failed: context deadline exceeded"}`;
    const done = this.#update(release, (draft) => {
      record(draft, {
        ...this.#storage.keep(draft, wanted, "rollback", succeeded ? "deployed" : "failed"),
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
      record(draft, this.#storage.keep(draft, wanted, action, "failed"));
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
