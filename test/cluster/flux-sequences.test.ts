import type { FluxState } from "../../src/deployment/ports.ts";
import {
  attempted,
  condition,
  FluxObjects,
  newCommit,
  og8,
  oldCommit,
  reconciling,
  snapshot,
} from "./flux-states.ts";

/** What Flux writes one after the other, and what is decided after each of it. */
type Sequence = readonly (readonly [write: (flux: FluxObjects) => void, verdict: string])[];

const upgrading = "Running 'upgrade' action with timeout of 5m0s";
const cause =
  "Helm upgrade failed for release omnispatial/omnispatial-web with chart web@1.8.4: timeout waiting for: [Deployment/omnispatial/omnispatial-web status: 'InProgress']";
const ready = (status: "True" | "False" | "Unknown", reason: string, message = "") =>
  condition("Ready", status, reason, message, og8);
const released = (status: "True" | "False", reason: string, message = "") =>
  condition("Released", status, reason, message, og8);
const stalled = (attempts: number) =>
  condition(
    "Stalled",
    "True",
    "RetriesExceeded",
    `Failed to upgrade after ${attempts} attempt(s)`,
    og8,
  );

function conditions(flux: FluxObjects, ...wanted: readonly object[]): void {
  flux.release = { ...flux.release, ...attempted, conditions: wanted };
}

function fetched(flux: FluxObjects): void {
  flux.repository = {
    artifact: { revision: `main@sha1:${newCommit}` },
    conditions: [condition("Ready", "True", "Succeeded")],
  };
}

function kustomized(reason: string, message: string) {
  return (flux: FluxObjects) => {
    flux.kustomization = {
      lastAttemptedRevision: `main@sha1:${newCommit}`,
      lastAppliedRevision: `main@sha1:${oldCommit}`,
      conditions: [condition("Ready", "False", reason, message)],
    };
  };
}

const apply = (flux: FluxObjects) => void flux.applied();
const upgrade = (flux: FluxObjects) =>
  conditions(flux, reconciling(upgrading), ready("Unknown", "Progressing", upgrading));
const begins: Sequence = [
  [() => {}, "fetching"],
  [fetched, "applying"],
  [apply, "upgrading"],
  [upgrade, "upgrading"],
];

function fail(flux: FluxObjects): void {
  flux.release = { ...flux.release, history: [snapshot(13, "failed", "upgrade", "B")] };
  conditions(
    flux,
    released("False", "UpgradeFailed", cause),
    ready("False", "UpgradeFailed", cause),
  );
}

function rollBack(...more: readonly object[]) {
  return (flux: FluxObjects) => {
    flux.release = { ...flux.release, history: [snapshot(14, "deployed", "rollback", "A")] };
    conditions(
      flux,
      released("False", "UpgradeFailed", cause),
      condition("Remediated", "True", "RollbackSucceeded", "Helm rollback succeeded", og8),
      ready("False", "RollbackSucceeded", "Helm rollback succeeded"),
      ...more,
    );
  };
}

const succeed = (flux: FluxObjects) => {
  flux.release = {
    ...flux.release,
    observedGeneration: flux.generation,
    history: [snapshot(13, "deployed", "upgrade", "B"), snapshot(12, "superseded", "upgrade", "A")],
  };
  conditions(flux, released("True", "UpgradeSucceeded"), ready("True", "UpgradeSucceeded"));
};

const sequences: Readonly<Record<string, Sequence>> = {
  "S1 success": [
    ...begins,
    [succeed, "released"],
    [
      (flux) => {
        flux.kustomization = {
          ...flux.kustomization,
          lastAppliedRevision: `main@sha1:${newCommit}`,
        };
      },
      "released",
    ],
  ],
  "S2 a bad image without remediation": [
    ...begins,
    [
      (flux) => {
        fail(flux);
        flux.release = {
          ...flux.release,
          observedGeneration: 8,
          conditions: [
            released("False", "UpgradeFailed", cause),
            ready("False", "UpgradeFailed"),
            stalled(1),
          ],
        };
      },
      "release-timed-out",
    ],
    [kustomized("HealthCheckFailed", "health check failed"), "release-timed-out"],
  ],
  "S3 rolled back, tried again, rolled back for good": [
    ...begins,
    [
      (flux) =>
        conditions(
          flux,
          released("False", "UpgradeFailed", cause),
          ready("False", "UpgradeFailed", cause),
          reconciling("Running 'rollback' action with timeout of 5m0s"),
        ),
      "upgrading, late release-timed-out",
    ],
    [
      rollBack(reconciling("retrying", "ProgressingWithRetry")),
      "upgrading, late release-timed-out",
    ],
    [upgrade, "upgrading"],
    [rollBack(stalled(2)), "release-rolled-back"],
  ],
  "S4 RetryOnFailure": [
    ...begins,
    [
      (flux) =>
        conditions(
          flux,
          released("False", "UpgradeFailed", cause),
          ready("False", "UpgradeFailed", cause),
          reconciling("retrying after 5m0s", "ProgressingWithRetry"),
        ),
      "upgrading, late release-timed-out",
    ],
    [upgrade, "upgrading"],
    [succeed, "released"],
  ],
  "S5 a suspended HelmRelease": [
    [(flux) => void (flux.suspended = "release"), "flux-suspended"],
    [apply, "flux-suspended"],
  ],
  "S6 a suspended Kustomization": [
    [(flux) => void (flux.suspended = "kustomization"), "flux-suspended"],
    [fetched, "flux-suspended"],
  ],
  "S7 overtaken while Helm upgrades": [
    ...begins,
    [
      (flux) =>
        conditions(
          flux,
          released("False", "HealthCheckCanceled", "New reconciliation triggered"),
          ready("False", "HealthCheckCanceled", "New reconciliation triggered"),
        ),
      "upgrading",
    ],
    [
      (flux) => {
        flux.tag = "production-40680";
        flux.generation = 9;
      },
      "superseded",
    ],
  ],
  "S8 a test fails": [
    ...begins,
    [
      (flux) =>
        conditions(
          flux,
          released("True", "UpgradeSucceeded"),
          condition("TestSuccess", "Unknown", "AwaitingTests", "", og8),
          ready("Unknown", "AwaitingTests"),
          reconciling("Running 'test' action with timeout of 5m0s"),
        ),
      "upgrading",
    ],
    [
      (flux) =>
        conditions(
          flux,
          released("True", "UpgradeSucceeded"),
          condition("TestSuccess", "False", "TestFailed", "Helm test failed: web-smoke", og8),
          ready("False", "TestFailed", "Helm test failed: web-smoke"),
        ),
      "release-test-failed",
    ],
  ],
  "S9 a dependency": [
    ...begins.slice(0, 3),
    [
      (flux) =>
        conditions(flux, ready("False", "DependencyNotReady", "dependency 'db' is not ready")),
      "upgrading, late dependency-not-ready",
    ],
    [upgrade, "upgrading"],
    [succeed, "released"],
  ],
  "S10 values are missing": [
    ...begins.slice(0, 3),
    [
      (flux) => conditions(flux, ready("False", "ValuesError", 'secrets "web" not found')),
      "values-missing",
    ],
  ],
  "S11 the build fails": [
    [fetched, "applying"],
    [kustomized("BuildFailed", "kustomize build failed"), "flux-build-failed"],
  ],
  "S12 the dry run fails": [
    [fetched, "applying"],
    [kustomized("ReconciliationFailed", "dry-run failed (Invalid)"), "flux-apply-failed"],
  ],
  "S13 the fetch fails": [
    [
      (flux) => {
        flux.repository = {
          ...flux.repository,
          conditions: [condition("FetchFailed", "True", "GitOperationFailed", "i/o timeout")],
        };
      },
      "fetching, late flux-fetch-failed",
    ],
    [
      (flux) => {
        flux.repository = {
          ...flux.repository,
          conditions: [condition("FetchFailed", "True", "AuthenticationFailed", "bad credentials")],
        };
      },
      "flux-fetch-failed",
    ],
  ],
  "S14 locked": [
    ...begins.slice(0, 3),
    [
      (flux) => conditions(flux, released("False", "PendingRelease", "Unlocked Helm release")),
      "upgrading, late release-locked",
    ],
    [upgrade, "upgrading"],
    [
      (flux) =>
        conditions(
          flux,
          released("False", "PendingRelease", "Unlocked Helm release"),
          condition("Stalled", "True", "PendingRelease", "the release is pending", og8),
        ),
      "release-locked",
    ],
  ],
  "S15 merged values that are equal": [
    [apply, "upgrading"],
    [
      (flux) => {
        flux.release = {
          ...flux.release,
          observedGeneration: 8,
          conditions: [ready("True", "UpgradeSucceeded")],
        };
      },
      "released",
    ],
  ],
  "S16 the commit prunes the release": [
    [fetched, "applying"],
    [(flux) => void (flux.deleted = true), "release-missing"],
  ],
};

test.each(Object.entries(sequences))("%s", (_, sequence) => {
  const flux = new FluxObjects();
  let generation: number | undefined;
  const verdicts = sequence.map(([write]) => {
    write(flux);
    const state = flux.decide(generation === undefined ? {} : { generation });
    // As a deployment does: what carried the tag once is remembered.
    if (state.state === "upgrading" || state.state === "released") generation = state.generation;
    return verdictOf(state);
  });
  expect(verdicts).toEqual(sequence.map(([, verdict]) => verdict));
});

function verdictOf(state: FluxState): string {
  if (state.state === "failed") return state.code;
  const late = "late" in state ? state.late : undefined;
  return late === undefined ? state.state : `${state.state}, late ${late}`;
}
