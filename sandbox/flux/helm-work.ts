import { waitFor } from "../kubernetes/controller.ts";
import { createJob } from "../kubernetes/job-controller.ts";
import type { Kubernetes } from "../kubernetes/kubernetes.ts";
import type { HelmRelease } from "../kubernetes/objects.ts";
import { refuseService, releaseName } from "./chart.ts";
import type { Desired } from "./helm-storage.ts";
import { describeInstalled, install, installedBy, stateOfJob } from "./installed.ts";
import type { Overtaking } from "./overtaking.ts";
import { render, type Rendered } from "./render.ts";

export type End =
  | "ready"
  | "failed"
  | "late"
  | "overtaken"
  | "refused"
  | "untested"
  | "held"
  | "hook-failed"
  | "hook-late";

/** How long one action of Helm may take, in milliseconds at speed 1, and what ends it at once. */
interface Bounds {
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** What Helm does in the cluster for one action: hooks, objects, and the wait for them. */
export class HelmWork {
  readonly #kubernetes: Kubernetes;
  readonly #options: Overtaking;

  constructor(kubernetes: Kubernetes, options: Overtaking) {
    this.#kubernetes = kubernetes;
    this.#options = options;
  }

  /** Installs or upgrades. */
  async upgrade(
    release: HelmRelease,
    wanted: Desired,
    rendered: readonly Rendered[],
    bounds: Bounds,
  ): Promise<End> {
    const hooked =
      release.status.history === undefined
        ? "ready"
        : await this.#runHooks(release, rendered, bounds);
    if (hooked !== "ready") return hooked;
    install(this.#kubernetes.store, release, rendered);
    if (refuseService(release, wanted.values) !== undefined) return "refused";
    return await this.#waitForWorkloads(release, bounds);
  }

  /** One hook after the other: what is there of it before is deleted, and it has to end well. */
  async #runHooks(
    release: HelmRelease,
    rendered: readonly Rendered[],
    bounds: Bounds,
  ): Promise<End> {
    const { store } = this.#kubernetes;
    for (const { plural, content, hook } of rendered) {
      if (plural !== "jobs" || hook === undefined) continue;
      const { namespace, name } = content.metadata;
      store.remove("jobs", namespace, name);
      createJob(store, content);
      const end = await this.#wait(release, bounds, () => {
        const job = store.get("jobs", namespace, name);
        const state = job === undefined ? "failed" : stateOfJob(job);
        return state === "going" ? undefined : state;
      });
      if (end === "failed") return "hook-failed";
      if (end === "late") return "hook-late";
      if (end !== "ready") return end;
    }
    return "ready";
  }

  /** Puts back what was there before. */
  async rollBack(
    release: HelmRelease,
    rendered: readonly Rendered[],
    bounds: Bounds,
  ): Promise<End> {
    install(this.#kubernetes.store, release, rendered);
    return await this.#waitForWorkloads(release, bounds);
  }

  /** Helm's own words about what went wrong. */
  explain(release: HelmRelease, wanted: Desired, end: End): string {
    if (end === "refused") return refuseService(release, wanted.values) ?? "";
    if (end === "held") return "another operation (install/upgrade/rollback) is in progress";
    const hook = `job ${releaseName(release)}-migrate failed: BackoffLimitExceeded`;
    if (end === "hook-failed") return `pre-upgrade hooks failed: 1 error occurred:\n\t* ${hook}`;
    if (end === "hook-late")
      return "pre-upgrade hooks failed: 1 error occurred:\n\t* timed out waiting for the condition";
    const culprits = installedBy(this.#kubernetes.store, release)
      .filter(({ state }) => state !== "ready")
      .map(describeInstalled);
    const why = end === "failed" ? "failed early due to stalled resources" : "timeout waiting for";
    return `${why}: [${culprits.join(", ")}]`;
  }

  #waitForWorkloads(release: HelmRelease, bounds: Bounds): Promise<End> {
    const { store } = this.#kubernetes;
    return this.#wait(release, bounds, () => {
      const states = installedBy(store, release).map(({ state }) => state);
      if (states.includes("failed")) return "failed";
      return states.length > 0 && states.every((state) => state === "ready") ? "ready" : undefined;
    });
  }

  /** Waits for an end, which a newer generation may overtake. */
  async #wait(
    release: HelmRelease,
    { timeout, signal }: Bounds,
    find: () => End | undefined,
  ): Promise<End> {
    const { store } = this.#kubernetes;
    const { namespace, name, generation } = release.metadata;
    const patience = timeout * (this.#options.helmPatience ?? 1);
    const end = await waitFor(this.#kubernetes, patience, signal, (): End | undefined => {
      const newest = store.get("helmreleases", namespace, name);
      if (this.#options.cancelOnNewRevision === true && newest?.metadata.generation !== generation)
        return "overtaken";
      return find();
    });
    return end ?? "late";
  }
}

/** What the chart makes of the values, or, in Helm's words, why it cannot be rendered. */
export function tryRender(
  release: HelmRelease,
  { chart, values }: Desired,
): readonly Rendered[] | string {
  const version = (release.status.history?.[0]?.version ?? 0) + 1;
  try {
    return render(release, chart, values, version);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
