import { attempted, condition, FluxObjects, og8, reconciling, snapshot } from "./flux-states.ts";
import { preflightOf } from "../../src/cluster/preflight.ts";

const name = { name: "omnispatial-web", namespace: "omnispatial" };

function warnings(flux: FluxObjects, now = "production-40655"): readonly string[] {
  return preflightOf(flux.objects(), name, now).warnings;
}

describe("what would keep a new tag from being applied", () => {
  test("is nothing while all is well", () => {
    expect(warnings(new FluxObjects())).toEqual([]);
  });

  test.each([
    ["repository", "The source gitops"],
    ["kustomization", "Kustomization operations"],
    ["release", "HelmRelease omnispatial-web"],
  ] as const)("a suspended %s", (which, what) => {
    const flux = new FluxObjects();
    flux.suspended = which;
    const warning = `${what} is suspended: nothing is applied until somebody resumes it.`;
    expect(warnings(flux)).toEqual([warning]);
    expect(preflightOf(flux.objects(), name, "production-40655").blocked).toMatchObject({
      warning,
      cause: { code: "flux-suspended", detail: expect.stringContaining("flux resume") },
    });
  });

  test("a release that is not there", () => {
    const flux = new FluxObjects();
    flux.deleted = true;
    expect(warnings(flux)).toEqual(["There is no HelmRelease omnispatial-web on the cluster."]);
  });

  test("a release that is at work", () => {
    const flux = new FluxObjects().applied({
      ...attempted,
      conditions: [reconciling("Running 'upgrade' action with timeout of 5m0s")],
    });
    expect(warnings(flux, "production-40672")).toEqual([
      "Helm is at work on HelmRelease omnispatial-web: Running 'upgrade' action with timeout of 5m0s.",
    ]);
  });

  test("a release that has given up", () => {
    const message = "Failed to upgrade after 3 attempts";
    const flux = new FluxObjects().applied({
      ...attempted,
      observedGeneration: 8,
      history: [snapshot(13, "failed", "upgrade", "B")],
      conditions: [
        condition("Ready", "False", "RetriesExceeded", message, og8),
        condition("Stalled", "True", "RetriesExceeded", message, og8),
      ],
    });
    expect(warnings(flux, "production-40672")).toEqual([
      `HelmRelease omnispatial-web is stalled: ${message}.`,
    ]);
  });

  test("a Kustomization that cannot apply, and a source that cannot be fetched", () => {
    const flux = new FluxObjects();
    flux.kustomization = {
      conditions: [condition("Ready", "False", "BuildFailed", "kustomize build failed")],
    };
    expect(warnings(flux)).toEqual([
      "Kustomization operations is not well: kustomize build failed.",
    ]);
    flux.repository = {
      conditions: [condition("FetchFailed", "True", "AuthenticationFailed", "bad credentials")],
    };
    expect(warnings(flux)).toEqual(["Flux cannot fetch the repository: bad credentials."]);
  });

  test("values from elsewhere that set the tag", () => {
    const flux = new FluxObjects();
    flux.extraSpec = { valuesFrom: [{ kind: "ConfigMap", name: "x", targetPath: "image.tag" }] };
    expect(warnings(flux).join()).toContain("image.tag. A change in Git will not matter.");
  });

  test("a cluster that carries another tag than Git wants", () => {
    expect(warnings(new FluxObjects(), "production-40641")).toEqual([
      "The cluster has production-40655 where Git wants production-40641: Flux is behind, or something else sets the tag.",
    ]);
  });
});
