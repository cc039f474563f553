import { runChecks } from "../../src/deployment/preflight.ts";
import type { Proposal } from "../../src/deployment/deployment.ts";
import { recheck } from "../../src/deployment/recheck.ts";
import { proposalOf } from "../../src/deployment/proposal.ts";
import { ServiceError } from "../../src/deployment/service-error.ts";
import { commit, deploymentAt, digest, environment, fakeWorld, type Parts } from "./fakes.ts";

const answer =
  <T>(value: T) =>
  () =>
    Promise.resolve(value);
const never = () => new Promise<never>(() => {});
const denied = () =>
  Promise.reject(new ServiceError("registry", "denied", "none", "acr answered 403"));
const well = { warnings: [], unchecked: [] };

describe("checks before anything begins", () => {
  test("find what stands in the way, all side by side and in order", async () => {
    const found = await runChecks([
      { about: "one", find: answer({ warnings: ["a", "b"] }) },
      { about: "two", find: answer({ unchecked: ["c"] }) },
      { about: "three", find: answer({}) },
    ]);
    expect(found).toEqual({ warnings: ["a", "b"], unchecked: ["c"] });
  });

  test("say what could not be checked: who hangs, who refuses, what is not understood", async () => {
    const checks = [
      { about: "the cluster", find: never },
      { about: "the registry", find: denied },
      {
        about: "the pipeline",
        find: () => {
          throw new TypeError("secret of the token store");
        },
      },
    ];
    expect(await runChecks(checks, 20)).toEqual({
      warnings: [],
      unchecked: [
        "the cluster (no answer in 0.02 seconds)",
        "the registry (acr answered 403)",
        "the pipeline (omnibot could not read the answer)",
      ],
    });
  });
});

describe("what has come up by the moment of the approval", () => {
  const shown = { release: { name: "web" }, liveTag: "production-40655", warnings: ["seen"] };
  const cause = { state: "failed", code: "flux-suspended", detail: "It is suspended." } as const;
  const world = (found: object) =>
    fakeWorld({
      gitops: { preflight: answer(well) },
      cluster: { preflight: answer({ ...well, ...found }) },
    });

  test("is what nobody was shown before", async () => {
    const found = { warnings: ["seen", "new"] };
    expect(await recheck(shown, world(found), 20)).toEqual({ news: ["new"] });
  });

  test("ends it where nothing would be applied any more", async () => {
    const found = { warnings: ["suspended"], blocked: { warning: "suspended", cause } };
    expect(await recheck(shown, world(found), 20)).toMatchObject({ blocked: cause });
  });

  test("does not end what people have approved although they were told", async () => {
    const found = { warnings: ["seen"], blocked: { warning: "seen", cause } };
    expect(await recheck(shown, world(found), 20)).toEqual({ news: [] });
  });

  test("is nothing where nobody answers in time: the steps will see", async () => {
    const silent = fakeWorld({ gitops: { preflight: never }, cluster: { preflight: denied } });
    expect(await recheck(shown, silent, 20)).toEqual({ news: [] });
  });
});

describe("a proposal", () => {
  const live = {
    state: "read" as const,
    tag: "production-40655",
    commit: { id: "d".repeat(40) },
    changedAt: 900_000,
    release: { name: "web" },
  };
  const parts: Parts = {
    gitops: { readTag: answer(live), preflight: answer(well) },
    pipelines: {
      readHead: answer({ id: commit }),
      readChanges: answer({ commits: [{ id: commit }], count: 1 }),
      preflight: answer(well),
      readBuild: answer(undefined),
    },
    registry: { resolve: answer({ state: "found", digest, digests: [digest] }) },
    cluster: { preflight: answer(well) },
  };
  const back = deploymentAt("approve", { kind: "rollback", target: { from: "build", build: 1 } });

  async function propose(change: Parts, deployment = deploymentAt("approve")): Promise<Proposal> {
    const world = fakeWorld({ ...parts, ...change });
    const found = await proposalOf(deployment, world, environment, 20);
    if ("code" in found || found.proposal === undefined) throw new Error("nothing was proposed");
    return found.proposal;
  }

  test("has no word about what is well", async () => {
    const proposal = await propose({});
    expect(proposal).not.toHaveProperty("warnings");
    expect(proposal).not.toHaveProperty("unchecked");
  });

  test("tells what each neighbour warns of", async () => {
    const warn = (words: string) => answer({ warnings: [words], unchecked: [] });
    const change: Parts = {
      gitops: { readTag: answer({ ...live, alsoAt: [31, 48] }), preflight: warn("GitHub") },
      cluster: { preflight: warn("Flux") },
      pipelines: { ...parts.pipelines, preflight: warn("Azure") },
      registry: { resolve: answer({ state: "absent" }) },
    };
    expect((await propose(change)).warnings).toEqual([
      "production-40655 stands in lines 31, 48 of clusters/operations/production/helm-release.yaml too, which omnibot does not change.",
      "GitHub",
      "Flux",
      "Azure",
      "production-40655 is live, and not in omnispatial.azurecr.io any more: there is no way back to it.",
    ]);
  });

  test("of a build that the pipeline has forgotten asks it nothing more", async () => {
    const change: Parts = { cluster: { preflight: answer({ warnings: ["Flux"], unchecked: [] }) } };
    expect(await propose(change, back)).toMatchObject({ warnings: ["Flux"], tag: "production-1" });
  });

  test("of an earlier build tells what it takes back: what the live build has and it has not", async () => {
    const asked: unknown[] = [];
    const run = (id: number) => ({ id, number: "1", commit: `c${id}`, url: "" });
    const url = "https://dev.azure.com/omnispatial/OmniSpatial/_git/web/branchCompare";
    const workItems = Array.from({ length: 12 }, (_, id) => ({ id, url }));
    const pipelines: Parts["pipelines"] = {
      readBuild: (id) => Promise.resolve(run(id)),
      readChanges(from, to) {
        asked.push([from, to]);
        return Promise.resolve({ commits: [{ id: to }], count: 1, atLeast: true, url, workItems });
      },
    };
    expect(await propose({ pipelines }, back)).toMatchObject({
      changes: [{ id: "c40655" }],
      changeCount: 1,
      changesAtLeast: true,
      changesUrl: url,
      workItems: workItems.slice(0, 10),
    });
    expect(asked).toEqual([[1, "c40655"]]);
    await propose({ pipelines }, deploymentAt("approve", { target: { from: "build", build: 1 } }));
    expect(asked[1]).toEqual([40655, "c1"]);
  });

  test("of an earlier build comes all the same when nobody knows what it takes back", async () => {
    const run = { id: 1, number: "1", commit, url: "" };
    const readBuild = (id: number) => (id === 1 ? Promise.resolve(run) : never());
    const proposal = await propose({ pipelines: { readBuild } }, back);
    expect(proposal).not.toHaveProperty("changes");
    expect(proposal.unchecked).toEqual(["what it takes back (no answer in 0.02 seconds)"]);
  });

  test("P7 of a build whose tag names another image than the one that was proven is refused", async () => {
    const target = { from: "build", build: 1, digest: `sha256:${"0".repeat(64)}` } as const;
    const world = fakeWorld(parts);
    expect(await proposalOf({ kind: "rollback", target }, world, environment, 20)).toMatchObject({
      code: "tag-moved",
      detail: expect.stringContaining("when it was proven healthy"),
    });
  });

  test("P7 of a build that is deployed again warns where its tag names another image by now", async () => {
    const target = { from: "build", build: 1, digest: `sha256:${"0".repeat(64)}` } as const;
    const again = deploymentAt("approve", { kind: "deploy", target });
    expect((await propose({}, again)).warnings).toEqual([
      `production-1 was sha256:000000… when it was proven healthy, now it is ${digest.slice(0, 13)}…. Somebody pushed it again.`,
    ]);
  });

  test("a registry that does not let omnibot in is a warning: the image could not be verified", async () => {
    expect((await propose({ registry: { resolve: denied } })).warnings).toEqual([
      "The registry does not let omnibot in: acr answered 403",
    ]);
  });

  test("comes all the same when every neighbour hangs that it can do without", async () => {
    const proposal = await propose({
      gitops: { readTag: answer(live), preflight: never },
      pipelines: { readHead: answer({ id: commit }), readChanges: never, preflight: never },
      registry: { resolve: never },
      cluster: { preflight: never },
    });
    expect(proposal).toMatchObject({ commit: { id: commit }, liveTag: "production-40655" });
    expect(proposal.unchecked).toEqual(
      ["GitHub", "the cluster", "what would ship", "the pipeline", "the registry"].map(
        (about) => `${about} (no answer in 0.02 seconds)`,
      ),
    );
  });
});
