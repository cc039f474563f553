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
 * How the upgrade of a HelmRelease that carries the tag goes. `first` is the generation that carried it first. Only
 * conditions of its present generation are looked at; those of an older one tell of another tag.
 */
export function judgeRelease(
  release: HelmRelease,
  first: number,
  revision: string | undefined,
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
  if (release.spec.suspend) return bad("flux-suspended", `${name} is suspended.`);
  return failureOf(release) ?? { state: "upgrading", ...known, sentence: sentence(release) };
}

function failureOf(release: HelmRelease): Bad | undefined {
  const current = currentConditions(release);
  const stalled = isTrue(current("Stalled"));
  const remediated = current("Remediated");
  const cause = causeOf(current);
  const ready = current("Ready");

  // What waits for a person, or cannot change by itself, is told at once.
  if (ready?.status === "False" && ready.reason === "ValuesError") {
    return bad("release-failed", words(ready));
  }
  if (cause !== undefined && /don't meet the specifications of the schema/.test(cause)) {
    return bad("release-failed", cause);
  }
  // While it reconciles it may still go well: Flux retries, or rolls back and tries again.
  if (!stalled && isTrue(current("Reconciling"))) return undefined;
  if (ready?.reason === "HealthCheckCanceled") return undefined;

  if (remediated !== undefined) {
    const how = words(remediated);
    const detail = cause === undefined ? how : `${cause} Then: ${how}`;
    const back = remediated.status === "True" && remediated.reason === "RollbackSucceeded";
    return bad(back ? "release-rolled-back" : "release-failed", detail);
  }
  if (stalled) return bad("release-failed", cause ?? words(current("Stalled")));
  const released = current("Released");
  // A release that was found locked is unlocked, and then upgraded.
  if (released?.status === "False" && released.reason !== "PendingRelease") {
    return bad("release-failed", words(released));
  }
  if (current("TestSuccess")?.status === "False") {
    return bad("release-failed", words(current("TestSuccess")));
  }
  return undefined;
}

/** Why it fails: a rollback overwrites Ready with its own words, the cause stays in Released or TestSuccess. */
function causeOf(current: (type: string) => Condition | undefined): string | undefined {
  const failed = ["Released", "TestSuccess"].map(current).find((one) => one?.status === "False");
  return failed === undefined ? undefined : words(failed);
}

function sentence(release: HelmRelease): string {
  const current = currentConditions(release);
  const reconciling = current("Reconciling");
  const ready = current("Ready");
  const cause = causeOf(current);
  if (cause !== undefined) {
    if (isTrue(current("Remediated"))) return `Flux rolled back and tries again: ${cause}`;
    if (/'rollback' action/.test(reconciling?.message ?? "")) return `Flux rolls back: ${cause}`;
    return `Flux tries again: ${cause}`;
  }
  if (ready?.status === "False") return `Flux waits: ${words(ready)}`;
  if (reconciling?.message?.startsWith("Running '") === true) return "Helm upgrades the release";
  return "Flux prepares the upgrade";
}

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

export function bad(code: Bad["code"], detail: string): Bad {
  return { state: "failed", code, detail };
}
