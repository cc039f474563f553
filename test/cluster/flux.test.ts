import {
  attempted,
  condition,
  FluxObjects,
  newCommit,
  og8,
  oldCommit,
  reconciling,
  since,
  snapshot,
  wanted,
} from "./flux-states.ts";

const upgradeFailed = (more = {}) =>
  condition("Released", "False", "UpgradeFailed", "Helm upgrade failed: timeout waiting for web", {
    ...og8,
    ...more,
  });

describe("A deployment that goes well (S1)", () => {
  test("P10 between the merge and the poll everything is Ready, and nothing is believed", () => {
    expect(new FluxObjects().decide()).toEqual({
      state: "fetching",
      sentence: "Flux is at main@aaaaaaa, waits for bbbbbbb",
    });
  });

  test("with our commit fetched it is being applied", () => {
    const flux = new FluxObjects();
    flux.repository = { artifact: { revision: `main@sha1:${newCommit}` } };
    expect(flux.decide()).toMatchObject({
      state: "applying",
      sentence: "Flux applies bbbbbbb",
    });
  });

  test("the release that carries the tag proves it applied, whatever the source has fetched since", () => {
    const flux = new FluxObjects().applied();
    flux.repository = { artifact: { revision: `main@sha1:${"c".repeat(40)}` } };
    expect(flux.decide()).toMatchObject({ state: "upgrading", generation: 8 });
  });

  test("P10 the Ready of the old generation never counts, in its whole stale window", () => {
    const flux = new FluxObjects().applied();
    expect(flux.decide().state).toBe("upgrading");
    const ready = condition("Ready", "True", "UpgradeSucceeded", "", { observedGeneration: 7 });
    flux.release = {
      ...flux.release,
      conditions: [ready, reconciling("Fulfilling prerequisites")],
    };
    expect(flux.decide()).toMatchObject({ sentence: "Flux prepares the upgrade" });
  });

  test("P10 nor does a Ready whose own generation moved without an attempt", () => {
    const ready = condition("Ready", "True", "UpgradeSucceeded", "", og8);
    expect(new FluxObjects().applied({ conditions: [ready] }).decide().state).toBe("upgrading");
  });

  test("while Helm upgrades it says so", () => {
    const flux = new FluxObjects().applied({
      ...attempted,
      conditions: [
        reconciling("Running 'upgrade' action with timeout of 5m0s"),
        condition("Ready", "Unknown", "Progressing", "", og8),
      ],
    });
    expect(flux.decide()).toEqual({
      state: "upgrading",
      generation: 8,
      revision: `main@sha1:${newCommit}`,
      commit: newCommit,
      sentence: "Helm upgrades the release",
    });
  });

  const done = {
    ...attempted,
    observedGeneration: 8,
    history: [snapshot(13, "deployed", "upgrade", "B"), snapshot(12, "superseded", "upgrade", "A")],
    conditions: [
      condition("Ready", "True", "UpgradeSucceeded", "", og8),
      condition("Released", "True", "UpgradeSucceeded", "", og8),
    ],
  };

  test("released, with the version of the Helm release and the revision", () => {
    expect(new FluxObjects().applied(done).decide()).toEqual({
      state: "released",
      generation: 8,
      revision: `main@sha1:${newCommit}`,
      commit: newCommit,
      release: 13,
    });
  });

  test("the generation that carried the tag first is kept", () => {
    const flux = new FluxObjects().applied({ ...done, observedGeneration: 9 });
    flux.generation = 9;
    flux.release = {
      ...flux.release,
      conditions: [condition("Ready", "True", "UpgradeSucceeded", "", { observedGeneration: 9 })],
    };
    expect(flux.decide({ generation: 8 })).toMatchObject({ state: "released", generation: 8 });
  });

  test.each([
    ["its newest release has other values", { lastAttemptedConfigDigest: "sha256:C" }],
    ["its newest release is a rollback", { history: [snapshot(14, "deployed", "rollback", "B")] }],
    [
      "its newest release is not deployed",
      { history: [snapshot(13, "pending-upgrade", "upgrade", "B")] },
    ],
    ["there is no history", { history: [] }],
    [
      "it still reconciles",
      { conditions: [...done.conditions, reconciling("Running 'test' action")] },
    ],
    ["its generation was not observed", { observedGeneration: 7 }],
  ])("P10 Ready alone is no evidence: %s", (_, change) => {
    expect(new FluxObjects().applied({ ...done, ...change }).decide().state).toBe("upgrading");
  });

  test("values that did not change in sum need no new release (S15)", () => {
    const ready = condition("Ready", "True", "UpgradeSucceeded", "", og8);
    const flux = new FluxObjects().applied({ observedGeneration: 8, conditions: [ready] });
    expect(flux.decide()).toMatchObject({ state: "released", release: 12 });
  });
});

describe("An upgrade that fails", () => {
  test("without remediation it is over at once, and Helm's own words are the cause (S2)", () => {
    const flux = new FluxObjects().applied({
      ...attempted,
      observedGeneration: 8,
      history: [snapshot(13, "failed", "upgrade", "B")],
      conditions: [
        upgradeFailed(),
        condition("Ready", "False", "UpgradeFailed", "", og8),
        condition(
          "Stalled",
          "True",
          "RetriesExceeded",
          "Failed to upgrade after 1 attempt(s)",
          og8,
        ),
      ],
    });
    expect(flux.decide()).toEqual({
      state: "failed",
      code: "release-timed-out",
      detail: "Helm upgrade failed: timeout waiting for web.",
    });
  });

  test("a failure of the generation before is not ours", () => {
    const old = { observedGeneration: 7 };
    const flux = new FluxObjects().applied({
      conditions: [
        upgradeFailed(old),
        condition("Ready", "False", "UpgradeFailed", "", old),
        condition("Stalled", "True", "RetriesExceeded", "", old),
        condition("Remediated", "True", "RollbackSucceeded", "", old),
      ],
    });
    expect(flux.decide()).toMatchObject({
      state: "upgrading",
      sentence: "Flux prepares the upgrade",
    });
  });

  const rolledBack = [
    upgradeFailed(),
    condition("Remediated", "True", "RollbackSucceeded", "Helm rollback succeeded", og8),
    condition("Ready", "False", "RollbackSucceeded", "Helm rollback succeeded", og8),
  ];

  test("rolled back with retries left it may still go well, and that is told (S3)", () => {
    const flux = new FluxObjects().applied({
      ...attempted,
      history: [snapshot(14, "deployed", "rollback", "A")],
      conditions: [...rolledBack, reconciling("retrying", "ProgressingWithRetry")],
    });
    expect(flux.decide()).toMatchObject({
      state: "upgrading",
      sentence: "Flux rolled back and tries again: Helm upgrade failed: timeout waiting for web.",
    });
  });

  test("P10 rolled back for good it is never taken for deployed, and the cause is not lost (S3)", () => {
    const flux = new FluxObjects().applied({
      ...attempted,
      observedGeneration: 8,
      history: [snapshot(14, "deployed", "rollback", "A")],
      conditions: [
        ...rolledBack,
        condition("Stalled", "True", "RetriesExceeded", "Failed to upgrade after 2 attempts", og8),
      ],
    });
    expect(flux.decide()).toEqual({
      state: "failed",
      code: "release-rolled-back",
      detail:
        "Helm upgrade failed: timeout waiting for web. Then: Helm rollback succeeded. Failed to upgrade after 2 attempts.",
    });
  });

  test("the strategy RetryOnFailure goes on for ever: said, not judged (S4)", () => {
    const flux = new FluxObjects().applied({
      ...attempted,
      conditions: [
        upgradeFailed(),
        condition("Ready", "False", "UpgradeFailed", "", og8),
        reconciling("retrying after 5m0s", "ProgressingWithRetry"),
      ],
    });
    expect(flux.decide()).toMatchObject({
      state: "upgrading",
      sentence: "Flux tries again: Helm upgrade failed: timeout waiting for web.",
    });
  });

  test("values against the chart's schema can never pass", () => {
    const message = "Helm upgrade failed: values don't meet the specifications of the schema(s)";
    const flux = new FluxObjects().applied({
      ...attempted,
      conditions: [
        condition("Released", "False", "UpgradeFailed", message, og8),
        reconciling("retrying", "ProgressingWithRetry"),
      ],
    });
    expect(flux.decide()).toMatchObject({ code: "values-invalid", detail: `${message}.` });
  });

  test("a Helm test that fails (S8)", () => {
    const waiting = new FluxObjects().applied({
      ...attempted,
      conditions: [
        condition("Released", "True", "UpgradeSucceeded", "", og8),
        condition("TestSuccess", "Unknown", "AwaitingTests", "", og8),
        condition("Ready", "Unknown", "AwaitingTests", "", og8),
        reconciling("Running 'test' action with timeout of 5m0s"),
      ],
    });
    expect(waiting.decide().state).toBe("upgrading");
    const failed = new FluxObjects().applied({
      ...attempted,
      observedGeneration: 8,
      conditions: [
        condition("Released", "True", "UpgradeSucceeded", "", og8),
        condition("TestSuccess", "False", "TestFailed", "Helm test failed: web-smoke", og8),
        condition("Ready", "False", "TestFailed", "", og8),
      ],
    });
    expect(failed.decide()).toMatchObject({
      code: "release-test-failed",
      detail: "Helm test failed: web-smoke.",
    });
  });

  test("a dependency is waited for (S9), missing values a moment (S10)", () => {
    const flux = new FluxObjects().applied({
      conditions: [
        condition("Ready", "False", "DependencyNotReady", "dependency 'db' is not ready", og8),
      ],
    });
    expect(flux.decide()).toMatchObject({
      state: "upgrading",
      sentence: "Flux waits: dependency 'db' is not ready.",
      late: "dependency-not-ready",
    });
    flux.release = {
      ...flux.release,
      conditions: [condition("Ready", "False", "ValuesError", "could not find Secret 'web'", og8)],
    };
    expect(flux.decide({}, since + 62_000)).toMatchObject({
      state: "upgrading",
      sentence: "Flux waits: could not find Secret 'web'.",
      late: "values-missing",
    });
    expect(flux.decide()).toMatchObject({
      code: "values-missing",
      detail: "could not find Secret 'web'.",
    });
  });

  test("a locked release is unlocked, and given up only when Flux gives up (S14)", () => {
    const pending = condition("Released", "False", "PendingRelease", "Unlocked Helm release", og8);
    const flux = new FluxObjects().applied({ conditions: [pending] });
    expect(flux.decide().state).toBe("upgrading");
    flux.release = {
      ...flux.release,
      conditions: [pending, condition("Stalled", "True", "RetriesExceeded", "", og8)],
    };
    expect(flux.decide()).toMatchObject({ code: "release-locked" });
  });

  test("an operation of somebody else that never ended locks it too", () => {
    const message =
      "Helm upgrade failed: another operation (install/upgrade/rollback) is in progress";
    const flux = new FluxObjects().applied({
      ...attempted,
      conditions: [condition("Released", "False", "UpgradeFailed", message, og8)],
    });
    expect(flux.decide()).toMatchObject({ code: "release-locked", detail: `${message}.` });
  });

  test("given up after several attempts without a rollback, the last one's words are told", () => {
    const flux = new FluxObjects().applied({
      ...attempted,
      conditions: [
        upgradeFailed(),
        condition(
          "Stalled",
          "True",
          "RetriesExceeded",
          "Failed to upgrade after 3 attempt(s)",
          og8,
        ),
      ],
    });
    expect(flux.decide()).toMatchObject({
      code: "retries-exhausted",
      detail: "Helm upgrade failed: timeout waiting for web. Failed to upgrade after 3 attempt(s).",
    });
  });

  test("uninstalled by remediation nothing runs any more", () => {
    const flux = new FluxObjects().applied({
      ...attempted,
      conditions: [
        upgradeFailed(),
        condition("Remediated", "True", "UninstallSucceeded", "Helm uninstall succeeded", og8),
      ],
    });
    expect(flux.decide()).toMatchObject({ code: "release-uninstalled" });
  });

  test("a rollback that fails leaves the upgrade's own cause", () => {
    const flux = new FluxObjects().applied({
      ...attempted,
      conditions: [
        upgradeFailed(),
        condition("Remediated", "False", "RollbackFailed", "Helm rollback failed: oh", og8),
      ],
    });
    expect(flux.decide()).toMatchObject({
      code: "release-timed-out",
      detail: "Helm upgrade failed: timeout waiting for web. Then: Helm rollback failed: oh.",
    });
  });
});

describe("Flux does not get to it", () => {
  const asked = new Date(since + 10_000).toISOString();

  test("the source that was asked half a minute ago has not looked", () => {
    const flux = new FluxObjects();
    flux.annotations = { "reconcile.fluxcd.io/requestedAt": asked };
    expect(flux.decide({}, since + 30_000)).not.toHaveProperty("late");
    expect(flux.decide({}, since + 40_000)).toMatchObject({
      sentence:
        "source-controller has not looked at the repository; Flux is at main@aaaaaaa, waits for bbbbbbb",
      late: "flux-silent",
    });
    flux.repository = { ...flux.repository, lastHandledReconcileAt: asked };
    expect(flux.decide({}, since + 40_000)).not.toHaveProperty("late");
  });

  test("the source that nobody asks has its own interval", () => {
    expect(new FluxObjects().decide({}, since + 320_000)).not.toHaveProperty("late");
    expect(new FluxObjects().decide({}, since + 330_000)).toHaveProperty("late", "flux-silent");
  });

  test("what is fetched is not taken up, since the Kustomization is busy", () => {
    const flux = new FluxObjects();
    const lastUpdateTime = new Date(since + 10_000).toISOString();
    flux.repository = { artifact: { revision: `main@sha1:${newCommit}`, lastUpdateTime } };
    expect(flux.decide({}, since + 30_000)).toMatchObject({ sentence: "Flux applies bbbbbbb" });
    flux.kustomization = {
      ...flux.kustomization,
      conditions: [condition("Reconciling", "True", "Progressing", "Running health checks")],
    };
    expect(flux.decide({}, since + 40_000)).toMatchObject({
      state: "applying",
      sentence: "kustomize-controller has not taken up bbbbbbb, busy: Running health checks.",
      late: "flux-silent",
    });
  });

  test("the release that was changed half a minute ago was not looked at", () => {
    const flux = new FluxObjects().applied();
    const applied = { generation: 8, appliedAt: since + 10_000 };
    expect(flux.decide(applied, since + 30_000)).not.toHaveProperty("late");
    expect(flux.decide(applied, since + 40_000)).toMatchObject({
      sentence: "helm-controller has not looked at the release",
      late: "flux-silent",
    });
    const earlier = { ...reconciling("Running 'upgrade' action"), observedGeneration: 7 };
    flux.release = { ...flux.release, conditions: [earlier] };
    expect(flux.decide(applied, since + 40_000)).toMatchObject({
      sentence: "helm-controller has not looked at the release, busy: Running 'upgrade' action.",
    });
    flux.release = { ...flux.release, conditions: [reconciling("Fulfilling prerequisites")] };
    expect(flux.decide(applied, since + 40_000)).not.toHaveProperty("late");
  });
});

describe("Another took over (S7)", () => {
  test("P7 a tag that was carried and is gone is superseded", () => {
    const flux = new FluxObjects().applied();
    flux.tag = "production-40680";
    flux.generation = 9;
    expect(flux.decide({ generation: 8 })).toEqual({
      state: "failed",
      code: "superseded",
      detail: "The HelmRelease carries production-40680 now, from main@bbbbbbb.",
    });
  });

  test("a health check that was canceled for a newer revision is no failure of the tag", () => {
    const flux = new FluxObjects().applied({
      ...attempted,
      history: [snapshot(13, "failed", "upgrade", "B")],
      conditions: [
        upgradeFailed(),
        condition("Ready", "False", "HealthCheckCanceled", "New reconciliation triggered", og8),
      ],
    });
    expect(flux.decide().state).toBe("upgrading");
  });
});

describe("Nothing will happen", () => {
  test.each([
    [
      "release",
      "HelmRelease omnispatial-web is suspended: flux resume helmrelease omnispatial-web -n omnispatial",
    ],
    [
      "kustomization",
      "Kustomization operations is suspended: flux resume kustomization operations -n flux-system",
    ],
    ["repository", "The source gitops is suspended: flux resume source git gitops -n flux-system"],
  ] as const)("a suspended %s is told at once (S6)", (suspended, detail) => {
    const flux = new FluxObjects();
    flux.suspended = suspended;
    expect(flux.decide()).toEqual({ state: "failed", code: "flux-suspended", detail });
  });

  test("a release suspended after the tag arrived stays Ready for ever, and is told (S5)", () => {
    const flux = new FluxObjects().applied();
    flux.suspended = "release";
    expect(flux.decide({ generation: 8 })).toMatchObject({ code: "flux-suspended" });
  });

  test("a release that is not there (S16)", () => {
    const flux = new FluxObjects();
    flux.deleted = true;
    expect(flux.decide()).toMatchObject({ code: "release-missing" });
  });

  test("valuesFrom beats the tag", () => {
    const flux = new FluxObjects().applied();
    flux.extraSpec = { valuesFrom: [{ kind: "ConfigMap", name: "web", targetPath: "image.tag" }] };
    expect(flux.decide()).toMatchObject({ code: "values-overridden" });
  });

  test("applied, and yet another tag, is told before the health checks of that are through", () => {
    const flux = new FluxObjects();
    const checking = (commit: string) =>
      reconciling(`Running health checks for revision main@sha1:${commit} with a timeout of 5m0s`);
    flux.repository = { artifact: { revision: `main@sha1:${newCommit}` } };
    flux.kustomization = {
      lastAttemptedRevision: `main@sha1:${newCommit}`,
      conditions: [checking(newCommit)],
    };
    expect(flux.decide()).toMatchObject({ code: "values-overridden" });
    flux.kustomization = { ...flux.kustomization, conditions: [checking("a".repeat(40))] };
    expect(flux.decide().state).toBe("applying");
  });

  test("applied, and yet the release carries another tag", () => {
    const flux = new FluxObjects();
    flux.repository = { artifact: { revision: `main@sha1:${newCommit}` } };
    flux.kustomization = {
      lastAttemptedRevision: `main@sha1:${newCommit}`,
      lastAppliedRevision: `main@sha1:${newCommit}`,
      conditions: [condition("Ready", "True", "ReconciliationSucceeded")],
    };
    expect(flux.decide()).toMatchObject({
      code: "values-overridden",
      detail: "Flux applied bbbbbbb; the HelmRelease carries production-40655.",
    });
  });
});

describe("Failures before the tag is applied", () => {
  const failing = (reason: string, commit: string) => {
    const flux = new FluxObjects();
    flux.repository = { artifact: { revision: `main@sha1:${commit}` } };
    flux.kustomization = {
      lastAttemptedRevision: `main@sha1:${commit}`,
      lastAppliedRevision: `main@sha1:${oldCommit}`,
      conditions: [condition("Ready", "False", reason, "accumulating resources: bad YAML")],
    };
    return flux.decide();
  };

  test("our commit cannot be built (S11) or applied (S12)", () => {
    expect(failing("BuildFailed", newCommit)).toEqual({
      state: "failed",
      code: "flux-build-failed",
      detail: "accumulating resources: bad YAML.",
    });
    expect(failing("ReconciliationFailed", newCommit)).toMatchObject({ code: "flux-apply-failed" });
  });

  test("what fails for another commit is said, and waited for", () => {
    expect(failing("BuildFailed", oldCommit)).toEqual({
      state: "fetching",
      sentence:
        "Flux is at main@aaaaaaa, waits for bbbbbbb. Kustomization: accumulating resources: bad YAML.",
    });
  });

  test("a dependency of the Kustomization is waited for", () => {
    expect(failing("DependencyNotReady", newCommit)).toMatchObject({
      state: "applying",
      late: "dependency-not-ready",
    });
  });

  const unfetched = (reason: string, message: string, more = {}, status = {}) => {
    const flux = new FluxObjects();
    flux.repository = {
      artifact: { revision: `main@sha1:${oldCommit}` },
      conditions: [condition("FetchFailed", "True", reason, message, more)],
      ...status,
    };
    return flux.decide();
  };

  test("the source is refused (S13)", () => {
    expect(unfetched("AuthenticationFailed", "bad credentials")).toMatchObject({
      code: "flux-fetch-failed",
      detail: "bad credentials.",
    });
  });

  test("a failure of the network may pass", () => {
    expect(unfetched("GitOperationFailed", "dial tcp: i/o timeout")).toMatchObject({
      state: "fetching",
      sentence:
        "Flux is at main@aaaaaaa, waits for bbbbbbb. It cannot fetch: dial tcp: i/o timeout.",
    });
  });

  test("a refusal from before the merge counts once Flux has looked again", () => {
    const before = { lastTransitionTime: new Date(since - 60_000).toISOString() };
    expect(unfetched("AuthenticationFailed", "bad credentials", before).state).toBe("fetching");
    const handled = { lastHandledReconcileAt: new Date(since + 1000).toISOString() };
    expect(unfetched("AuthenticationFailed", "bad credentials", before, handled)).toMatchObject({
      code: "flux-fetch-failed",
    });
  });
});

test("P7 another commit's tag is not taken for ours", () => {
  const flux = new FluxObjects().applied();
  flux.tag = "production-40671";
  expect(flux.decide().state).not.toBe("released");
  expect(wanted.tag).toBe("production-40672");
});
