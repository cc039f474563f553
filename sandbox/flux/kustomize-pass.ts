import { createHash } from "node:crypto";
import { waitFor } from "../kubernetes/controller.ts";
import type { Kubernetes } from "../kubernetes/kubernetes.ts";
import type { Kustomization, KustomizationSnapshot } from "../kubernetes/objects.ts";
import { type Applier, ApplyError, inventoryId } from "./apply.ts";
import { build } from "./build.ts";
import { dropConditions, isTrue, setConditions, settleRequest, type Wanted } from "./conditions.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import { BuildError, type Manifest } from "./manifest.ts";
import type { Overtaking } from "./overtaking.ts";
import { applyPatches } from "./patches.ts";
import type { Repository } from "./repository.ts";

const component = "kustomize-controller";
/** Fetching, building and comparing, milliseconds at speed 1. */
const fetching = 400;
const building = 400;
const comparing = 300;

/** A pass that ends with Ready=False; the reason is one of kustomize-controller's. */
export class Failure extends Error {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** One pass over a Kustomization. */
export class Pass {
  readonly #kubernetes: Kubernetes;
  readonly #repository: Repository;
  readonly #applier: Applier;
  readonly #options: Overtaking;
  readonly #object: Kustomization;
  readonly #revision: string;
  readonly #signal: AbortSignal;
  readonly #timeout: number;
  readonly #startedAt: number;
  #digest = "";

  constructor(
    kubernetes: Kubernetes,
    repository: Repository,
    applier: Applier,
    options: Overtaking,
    object: Kustomization,
    revision: string,
    signal: AbortSignal,
  ) {
    this.#kubernetes = kubernetes;
    this.#repository = repository;
    this.#applier = applier;
    this.#options = options;
    this.#object = object;
    this.#revision = revision;
    this.#signal = signal;
    const { timeout, interval } = object.spec;
    this.#timeout =
      timeout === undefined
        ? Math.max(30_000, parseDuration(interval) - 30_000)
        : parseDuration(timeout);
    this.#startedAt = kubernetes.clock.ticks();
  }

  /** Returns when to look again, in milliseconds at speed 1. */
  async run(): Promise<number> {
    const { interval, retryInterval } = this.#object.spec;
    try {
      const manifests = await this.#prepare();
      this.#apply(manifests);
      if (this.#object.spec.wait === true) await this.#checkHealth(manifests);
      this.#finish();
      return parseDuration(interval);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.finishFailed(error);
      return parseDuration(retryInterval ?? interval);
    }
  }

  finishFailed({ reason, message }: Failure): void {
    const failed = this.#update((draft) => {
      setConditions(
        draft,
        this.#kubernetes.clock,
        ["Ready", "False", reason, message],
        ["Reconciling", "True", "ProgressingWithRetry", message],
      );
      this.#remember(draft, reason);
      settleRequest(draft);
    });
    if (failed !== undefined) this.#tell(failed, "Warning", reason, message);
  }

  async #prepare(): Promise<Manifest[]> {
    const { clock } = this.#kubernetes;
    this.#progress("Fetching manifests", [
      "Ready",
      "Unknown",
      "Progressing",
      "Reconciliation in progress",
    ]);
    await clock.sleep(fetching, this.#signal);
    const sha = this.#revision.slice(this.#revision.lastIndexOf(":") + 1);
    this.#update((draft) => {
      draft.status.lastAttemptedRevision = this.#revision;
      setConditions(draft, clock, [
        "Reconciling",
        "True",
        "Progressing",
        this.#phrase("Building manifests"),
      ]);
    });
    await clock.sleep(building, this.#signal);
    const { path, patches } = this.#object.spec;
    const manifests = await build(this.#repository, sha, path)
      .then((built) => applyPatches(built, patches))
      .catch((error: unknown) => {
        throw error instanceof BuildError ? new Failure("BuildFailed", error.message) : error;
      });
    this.#digest = `sha256:${createHash("sha256").update(JSON.stringify(manifests)).digest("hex")}`;
    this.#progress("Detecting drift");
    await clock.sleep(comparing, this.#signal);
    const { targetNamespace } = this.#object.spec;
    return manifests.map((one) =>
      one.kind === "Namespace" || targetNamespace === undefined
        ? one
        : { ...one, namespace: targetNamespace },
    );
  }

  #apply(manifests: readonly Manifest[]): void {
    const { name, namespace = "" } = this.#object.metadata;
    const ordered = [...manifests].toSorted(
      (a, b) => Number(b.kind === "Namespace") - Number(a.kind === "Namespace"),
    );
    try {
      for (const manifest of ordered) this.#applier.apply(manifest, { name, namespace });
    } catch (error) {
      throw error instanceof ApplyError
        ? new Failure("ReconciliationFailed", error.message)
        : error;
    }
    const entries = manifests.map((one) => ({
      id: inventoryId(one),
      v: one.apiVersion.split("/").at(-1) ?? "",
    }));
    const ids = new Set(entries.map(({ id }) => id));
    const stale = (this.#object.status.inventory?.entries ?? []).filter(({ id }) => !ids.has(id));
    if (this.#object.spec.prune) for (const { id } of stale) this.#applier.prune(id);
    this.#update((draft) => void (draft.status.inventory = { entries }));
  }

  async #checkHealth(manifests: readonly Manifest[]): Promise<void> {
    const { clock } = this.#kubernetes;
    const releases = manifests.filter(({ kind }) => kind === "HelmRelease");
    const text = "Running health checks";
    this.#progress(text, ["Healthy", "Unknown", "Progressing", this.#phrase(text)]);
    const startedAt = clock.ticks();
    const end = await waitFor(this.#kubernetes, this.#timeout, this.#signal, () =>
      this.#judge(releases),
    );
    const took = formatDuration(clock.ticks() - startedAt);
    if (end === "healthy") {
      this.#update((draft) =>
        setConditions(draft, clock, [
          "Healthy",
          "True",
          "Succeeded",
          `Health check passed in ${took}`,
        ]),
      );
      return;
    }
    const reason = end === "overtaken" ? "HealthCheckCanceled" : "HealthCheckFailed";
    const culprits = releases.map(
      (one) =>
        `HelmRelease/${one.namespace}/${one.name} status: '${end === "failed" ? "Failed" : "InProgress"}'`,
    );
    const why = end === "failed" ? "failed early due to stalled resources" : "timeout waiting for";
    const message =
      end === "overtaken"
        ? `New reconciliation triggered by GitRepository/${this.#object.metadata.namespace}/${this.#object.spec.sourceRef.name}`
        : `health check failed after ${took}: ${why}: [${culprits.join(", ")}]`;
    this.#update((draft) => setConditions(draft, clock, ["Healthy", "False", reason, message]));
    throw new Failure(reason, message);
  }

  #judge(releases: readonly Manifest[]): "healthy" | "failed" | "overtaken" | undefined {
    const { store } = this.#kubernetes;
    const live = releases.map(({ namespace, name }) => store.get("helmreleases", namespace, name));
    const settled = live.filter(
      (one) => one !== undefined && one.status.observedGeneration === one.metadata.generation,
    );
    if (settled.some((one) => one !== undefined && isTrue(one, "Stalled"))) return "failed";
    const healthy = settled.filter(
      (one) => one !== undefined && isTrue(one, "Ready") && !isTrue(one, "Reconciling"),
    );
    if (healthy.length === releases.length) return "healthy";
    if (this.#options.cancelOnNewRevision !== true) return undefined;
    const { name, namespace = this.#object.metadata.namespace } = this.#object.spec.sourceRef;
    const revision = store.get("gitrepositories", namespace, name)?.status.artifact?.revision;
    return revision === this.#revision ? undefined : "overtaken";
  }

  #finish(): void {
    const { clock } = this.#kubernetes;
    const message = `Applied revision: ${this.#revision}`;
    const done = this.#update((draft) => {
      draft.status.lastAppliedRevision = this.#revision;
      draft.status.observedGeneration = this.#object.metadata.generation ?? 1;
      dropConditions(draft, "Reconciling");
      setConditions(draft, clock, ["Ready", "True", "ReconciliationSucceeded", message]);
      this.#remember(draft, "ReconciliationSucceeded");
      settleRequest(draft);
    });
    if (done !== undefined) this.#tell(done, "Normal", "ReconciliationSucceeded", message);
  }

  /** History: one entry per content, the newest five. */
  #remember(draft: Kustomization, status: string): void {
    const { clock } = this.#kubernetes;
    if (this.#digest === "") return;
    const now = clock.timestamp();
    const history = draft.status.history ?? [];
    const before = history.find(({ digest }) => digest === this.#digest);
    const entry: KustomizationSnapshot = {
      digest: this.#digest,
      firstReconciled: before?.firstReconciled ?? now,
      lastReconciled: now,
      lastReconciledDuration: formatDuration(clock.ticks() - this.#startedAt),
      lastReconciledStatus: status,
      metadata: { revision: this.#revision },
      totalReconciliations: (before?.totalReconciliations ?? 0) + 1,
    };
    draft.status.history = [entry, ...history.filter((other) => other !== before)].slice(0, 5);
  }

  #progress(what: string, ...more: readonly Wanted[]): void {
    this.#update((draft) => {
      setConditions(draft, this.#kubernetes.clock, ...more, [
        "Reconciling",
        "True",
        "Progressing",
        this.#phrase(what),
      ]);
    });
  }

  #phrase(what: string): string {
    return `${what} for revision ${this.#revision} with a timeout of ${formatDuration(this.#timeout)}`;
  }

  #update(change: (draft: Kustomization) => void): Kustomization | undefined {
    const { namespace, name } = this.#object.metadata;
    return this.#kubernetes.store.update("kustomizations", namespace, name, change);
  }

  #tell(about: Kustomization, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#kubernetes.events.record({ about, type, reason, message, component });
  }
}
