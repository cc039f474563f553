import type { Clock } from "../kubernetes/clock.ts";
import type { HelmRelease, ReleaseSnapshot } from "../kubernetes/objects.ts";
import { digestValues, releaseName, sha256, type Chart } from "./chart.ts";
import { isRequested } from "./conditions.ts";

/** What a HelmRelease wants now. */
export interface Desired {
  readonly chart: Chart;
  readonly values: Readonly<Record<string, unknown>>;
  readonly configDigest: string;
}

/** Helm's storage: the values of each version of each release. */
export class HelmStorage {
  readonly #clock: Clock;
  readonly #versions = new Map<string, Desired>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What a version was made of; throws where there is none. */
  read(release: HelmRelease, version: number): Desired {
    const found = this.#versions.get(`${keyOfRelease(release)} ${version}`);
    if (found !== undefined) return found;
    throw new Error(`Helm's storage has no version ${version} of ${keyOfRelease(release)}`);
  }

  /** Keeps the next version, and describes it as the status does. */
  keep(
    { metadata, spec, status, ...rest }: HelmRelease,
    wanted: Desired,
    action: ReleaseSnapshot["action"],
    end: "deployed" | "failed",
  ): ReleaseSnapshot {
    const release = { ...rest, metadata, spec, status };
    const now = this.#clock.timestamp();
    const [newest] = status.history ?? [];
    const version = (newest?.version ?? 0) + 1;
    this.#versions.set(`${keyOfRelease(release)} ${version}`, wanted);
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
export function record(draft: HelmRelease, snapshot: ReleaseSnapshot): void {
  const before = (draft.status.history ?? []).map((one) =>
    one.status === "deployed" && snapshot.status === "deployed"
      ? { ...one, status: "superseded" as const }
      : one,
  );
  draft.status.history = [snapshot, ...before].slice(0, 5);
}

export function describeVersion({
  namespace,
  name,
  version,
  chartName,
  chartVersion,
}: ReleaseSnapshot): string {
  return `${namespace}/${name}.v${version} with chart ${chartName}@${chartVersion}`;
}

/** `namespace/name` of a release, as Helm calls it. */
export function keyOfRelease({ metadata, spec }: Pick<HelmRelease, "metadata" | "spec">): string {
  return `${metadata.namespace}/${spec.releaseName ?? metadata.name}`;
}
