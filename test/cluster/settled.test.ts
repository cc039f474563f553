import { helmRelease } from "../../src/cluster/flux-objects.ts";
import { withSettled } from "../../src/cluster/settled.ts";

const failed = { state: "failed", code: "release-failed", detail: "Helm failed." } as const;

type Told = readonly [type: string, generation: number, status?: string];

/** A HelmRelease of generation 8 with these conditions, each of a generation, True unless it is said. */
function release(...conditions: readonly Told[]) {
  return helmRelease.parse({
    metadata: { name: "web", generation: 8 },
    spec: {},
    status: {
      observedGeneration: 8,
      conditions: conditions.map(([type, observedGeneration, status = "True"]) => ({
        type,
        status,
        observedGeneration,
      })),
    },
  });
}

const settled = (...conditions: readonly Told[]) => withSettled(failed, release(...conditions));

test.each<[string, readonly Told[]]>([
  ["it is stalled", [["Stalled", 8]]],
  ["it has rolled back and does no more", [["Remediated", 8]]],
  ["its rollback failed", [["Remediated", 8, "False"]]],
])("Flux has ended its work when %s", (_, conditions) => {
  expect(settled(...conditions)).toEqual({ ...failed, settled: true });
});

test.each<[string, readonly Told[]]>([
  [
    "it tries again after a rollback",
    [
      ["Remediated", 8],
      ["Reconciling", 8],
    ],
  ],
  ["it was stalled with another tag", [["Stalled", 7]]],
  ["nothing says so", [["Released", 8, "False"]]],
])("Flux has not while %s", (_, conditions) => {
  expect(settled(...conditions)).toEqual(failed);
});

test("another tag has taken over for good, and what is not failed is left alone", () => {
  const superseded = { ...failed, code: "superseded" } as const;
  expect(withSettled(superseded, release())).toEqual({ ...superseded, settled: true });
  const upgrading = { state: "upgrading", generation: 8, sentence: "" } as const;
  expect(withSettled(upgrading, release())).toBe(upgrading);
});
