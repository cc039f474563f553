import type { CauseCode } from "../deployment/causes.ts";
import type { Bad, FluxState } from "../deployment/ports.ts";
import { commitOf, tagOf, type HelmRelease } from "./flux-objects.ts";
import { conditionOf, type Condition } from "./objects.ts";

/** What became of a HelmRelease's newest generation. */
type ReleaseState = Bad | Extract<FluxState, { state: "upgrading" | "released" }>;

/**
 * Whether Flux has released what the HelmRelease wants now. `Ready=True` alone is no evidence: it stays True of the old
 * generation until the upgrade begins (helm-controller of Flux 2.9), and a rollback leaves a release that Helm calls deployed.
 */
export function isReleased({ metadata, status }: HelmRelease): boolean {
  const { generation } = metadata;
  const ready = conditionOf(status.conditions, "Ready");
  const [newest] = status.history;
  return (
    status.observedGeneration === generation &&
    ready?.status === "True" &&
    (ready.observedGeneration ?? status.observedGeneration) >= generation &&
    conditionOf(status.conditions, "Reconciling")?.status !== "True" &&
    newest?.status === "deployed" &&
    (newest.action === undefined || /^(install|upgrade)$/.test(newest.action)) &&
    newest.configDigest !== undefined &&
    newest.configDigest === status.lastAttemptedConfigDigest
  );
}

/** Whether Helm has finished with a generation that carries this tag: nothing else of it will change any more. */
export function hasReleased(release: HelmRelease, path: readonly string[], tag: string): boolean {
  return tagOf(release, path) === tag && isReleased(release);
}

/**
 * How the upgrade of a HelmRelease that carries the tag goes. `first` is the generation that carried it first, `now` the
 * time in ms since 1970. Only conditions of its present generation are looked at; those of an older one tell of another tag.
 */
export function judgeRelease(
  release: HelmRelease,
  first: number,
  revision: string | undefined,
  now: number,
): ReleaseState {
  const commit = revision === undefined ? undefined : commitOf(revision);
  const known = {
    generation: first,
    ...(revision === undefined ? {} : { revision }),
    ...(commit === undefined ? {} : { commit }),
  };
  if (isReleased(release)) {
    return { state: "released", ...known, release: release.status.history[0]?.version };
  }
  const name = `HelmRelease ${release.metadata.name}`;
  if (release.metadata.deletionTimestamp !== undefined) {
    return bad("release-missing", `${name} is being deleted.`);
  }
  if (release.spec.suspend) return suspended("helmrelease", release);
  return failureOf(release, now) ?? { state: "upgrading", ...known, ...waitOf(release) };
}

/** What may be added a moment after the release, by the same commit, has this long (ms) to come. */
const grace = 15_000;

function failureOf(release: HelmRelease, now: number): Bad | undefined {
  const current = currentConditions(release);
  const stalled = current("Stalled");
  const remediated = current("Remediated");
  const cause = causeOf(current);
  const ready = current("Ready");

  if (isValuesError(ready) && now - (ready?.lastTransitionTime ?? 0) >= grace) {
    return bad("values-missing", words(ready));
  }
  // What cannot change by itself is told at once.
  if (cause?.code === "values-invalid") return cause;
  // While it reconciles it may still go well: Flux retries, or rolls back and tries again.
  if (!isTrue(stalled) && isTrue(current("Reconciling"))) return undefined;
  if (ready?.reason === "HealthCheckCanceled") return undefined;

  // A rollback overwrites Ready with its own words; the cause is what people need.
  if (remediated !== undefined) return afterRemediation(remediated, stalled, cause);
  if (isTrue(stalled)) return afterStall(stalled, cause);
  // A release that was found locked is unlocked, and then upgraded.
  return cause?.code === "release-locked" && isPending(current("Released")) ? undefined : cause;
}

/** What Flux did about the failure ends it for now; the failure's own words come first. */
function afterRemediation(
  remediated: Condition,
  stalled: Condition | undefined,
  cause: Bad | undefined,
): Bad {
  const what = cause === undefined ? "" : `${cause.detail} `;
  const given = isTrue(stalled) ? ` ${words(stalled)}` : "";
  const detail = `${what}Then: ${words(remediated)}${given}`;
  if (remediated.status !== "True") return bad(cause?.code ?? "release-failed", detail);
  const uninstalled = remediated.reason?.startsWith("Uninstall") === true;
  return bad(uninstalled ? "release-uninstalled" : "release-rolled-back", detail);
}

/** Flux gave up. Where it had tried several times, that is told too. */
function afterStall(stalled: Condition | undefined, cause: Bad | undefined): Bad {
  if (isPending(stalled)) return bad("release-locked", words(stalled));
  if (cause === undefined) return bad("release-failed", words(stalled));
  const attempts = Number(/after (\d+) attempt/.exec(stalled?.message ?? "")?.[1] ?? 1);
  return attempts > 1 ? bad("retries-exhausted", `${cause.detail} ${words(stalled)}`) : cause;
}

/** Why it fails, from the conditions that keep it whatever Flux does next. */
function causeOf(current: (type: string) => Condition | undefined): Bad | undefined {
  const released = current("Released");
  // A newer change stopped the wait: that says nothing about this one.
  const stopped = released?.reason === "HealthCheckCanceled";
  if (released?.status === "False" && !stopped) return bad(codeOf(released), words(released));
  const tested = current("TestSuccess");
  return tested?.status === "False" ? bad("release-test-failed", words(tested)) : undefined;
}

/** Helm's ways to fail, by its words (Helm 3 and 4, and the wait of helm-controller). */
function codeOf(released: Condition): Bad["code"] {
  const said = released.message ?? "";
  if (isPending(released)) return "release-locked";
  if (/another operation \(install\/upgrade\/rollback\) is in progress/.test(said)) {
    return "release-locked";
  }
  if (/values don't meet the specifications of the schema/.test(said)) return "values-invalid";
  if (/timeout waiting for|timed out waiting|context deadline exceeded/.test(said)) {
    return "release-timed-out";
  }
  return "release-failed";
}

function isPending(found: Condition | undefined): boolean {
  return found?.reason === "PendingRelease";
}

function isValuesError(ready: Condition | undefined): boolean {
  return ready?.status === "False" && ready.reason === "ValuesError";
}

/** What the release waits for, and which cause that is should it last. */
function waitOf(release: HelmRelease): { readonly sentence: string; readonly late?: CauseCode } {
  const current = currentConditions(release);
  const reconciling = current("Reconciling");
  const ready = current("Ready");
  const cause = causeOf(current);
  if (cause !== undefined) {
    const { code: late, detail } = cause;
    if (isPending(current("Released"))) return { sentence: `Flux: ${detail}`, late };
    if (isTrue(current("Remediated"))) {
      return { sentence: `Flux rolled back and tries again: ${detail}`, late };
    }
    if (/'rollback' action/.test(reconciling?.message ?? "")) {
      return { sentence: `Flux rolls back: ${detail}`, late };
    }
    return { sentence: `Flux tries again: ${detail}`, late };
  }
  if (ready?.status === "False") {
    const late = codeOfWait[ready.reason ?? ""];
    return { sentence: `Flux waits: ${words(ready)}`, ...(late === undefined ? {} : { late }) };
  }
  if (reconciling?.message?.startsWith("Running '") === true) {
    const test = reconciling.message.startsWith("Running 'test'");
    return { sentence: test ? "Helm tests the release" : "Helm upgrades the release" };
  }
  return { sentence: "Flux prepares the upgrade" };
}

/** What helm-controller waits for before it begins. */
const codeOfWait: Readonly<Record<string, CauseCode>> = {
  DependencyNotReady: "dependency-not-ready",
  ValuesError: "values-missing",
  SourceNotReady: "chart-not-ready",
  ArtifactFailed: "chart-not-ready",
};

/** The conditions that speak of the present generation. */
function currentConditions({ metadata, status }: HelmRelease) {
  return (type: string): Condition | undefined => {
    const found = conditionOf(status.conditions, type);
    const of = found?.observedGeneration ?? status.observedGeneration;
    return of >= metadata.generation ? found : undefined;
  };
}

function isTrue(found: Condition | undefined): boolean {
  return found?.status === "True";
}

/** A condition's own words, on one line and not endless. */
export function words(found: Condition | undefined): string {
  const said = (found?.message ?? found?.reason ?? "no reason given").trim().split(/\s+/).join(" ");
  const short = said.length > 500 ? `${said.slice(0, 499)}…` : said;
  return /[.…]$/.test(short) ? short : `${short}.`;
}

export function bad(code: CauseCode, detail: string): Bad {
  return { state: "failed", code, detail };
}

/** An object that Flux does not look at, and the command that changes that. */
export function suspended(
  kind: "source git" | "source oci" | "kustomization" | "helmrelease",
  { metadata }: Pick<HelmRelease, "metadata">,
): Bad {
  const { name, namespace = "default" } = metadata;
  const what = { kustomization: "Kustomization", helmrelease: "HelmRelease" }[
    kind.replace(/^source .*/, "")
  ];
  return bad(
    "flux-suspended",
    `${what ?? "The source"} ${name} is suspended: flux resume ${kind} ${name} -n ${namespace}`,
  );
}
