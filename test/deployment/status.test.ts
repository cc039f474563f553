import type { Deployment } from "../../src/deployment/deployment.ts";
import { ServiceError } from "../../src/deployment/service-error.ts";
import { createStatus } from "../../src/deployment/status.ts";
import {
  deploymentAt,
  digest,
  environment,
  fakeLedger,
  fakeWorld,
  megan,
  type Parts,
  FakeClock,
} from "./fakes.ts";

const answer =
  <T>(value: T) =>
  () =>
    Promise.resolve(value);

const well: Parts = {
  gitops: {
    readTag: answer({
      state: "read",
      tag: "production-40655",
      commit: { id: "d".repeat(40), author: "omnibot[bot]" },
      changedAt: 900_000,
      release: { name: "web" },
    }),
  },
  registry: { resolve: answer({ state: "found", digest, digests: [digest] }) },
  cluster: {
    readLive: answer({
      tag: "production-40655",
      flux: { ok: true, sentence: "release 4" },
      pods: { ok: true, sentence: "3 of 3 ready" },
    }),
  },
  health: { check: answer([{ name: "web", ok: true, answer: "200" }]) },
};

function statusOf(parts: Parts, recent: readonly Deployment[] = [], patience = 1000) {
  const { ledger } = fakeLedger({ list: answer(recent), get: answer(recent[0]) });
  const environments = { production: environment };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const worldOf = () => fakeWorld(parts);
  const locks = { findLock: answer(undefined) };
  const freezeAt = () => undefined;
  const clock = new FakeClock();
  const options = { ledger, locks, freezeAt, clock, environments, worldOf, log, patience };
  const status = createStatus(options);
  return (name: string | undefined) => status.environments(name);
}

const never = <T>() => new Promise<T>(() => {});

describe("the status", () => {
  test("tells what Git, the registry, Flux, the pods and the application say", async () => {
    expect(await statusOf(well)(undefined)).toMatchObject([
      {
        environment: "production",
        tag: { wanted: "production-40655", since: 900_000, by: "omnibot[bot]" },
        image: { state: "well" },
        flux: { state: "well", sentence: "release 4" },
        pods: { state: "well" },
        health: [{ name: "web", ok: true }],
        active: undefined,
        problems: [],
      },
    ]);
  });

  test("names the person who asked for what Git wants, where omnibot merged it", async () => {
    const merge = { commit: "d".repeat(40), url: "https://github.com/commit/d" };
    const ours = deploymentAt("approve", { requester: megan, state: "live", evidence: { merge } });
    const other = deploymentAt("approve");
    expect(await statusOf(well, [other, ours])("production")).toMatchObject([
      { tag: { by: "Megan Bowen" }, active: other, last: ours },
    ]);
  });

  test("answers with what it has when a service does not, and says which", async () => {
    const lost = () =>
      Promise.reject(
        new ServiceError("kubernetes", "unreachable", "none", "The cluster does not answer."),
      );
    expect(await statusOf({ ...well, cluster: { readLive: lost } })("production")).toMatchObject([
      {
        tag: { wanted: "production-40655" },
        image: { state: "well" },
        pods: { state: "unknown", sentence: "not known" },
        unanswered: [],
        problems: ["The cluster does not answer."],
      },
    ]);
  });

  test("says why the file cannot be read, and goes on with the rest", async () => {
    const readTag = answer({
      state: "failed" as const,
      code: "file-not-found" as const,
      detail: "It is not there.",
    });
    expect(await statusOf({ ...well, gitops: { readTag } })("production")).toMatchObject([
      { tag: { wanted: undefined }, health: [{ ok: true }], problems: ["It is not there."] },
    ]);
  });

  test("P10 of who does not answer in time says so, and who that is, and answers with the rest", async () => {
    const silent = { ...well, cluster: { readLive: never }, health: { check: never } };
    expect(await statusOf(silent, [], 50)("production")).toMatchObject([
      {
        tag: { wanted: "production-40655" },
        image: { state: "well" },
        flux: { state: "unknown" },
        health: undefined,
        unanswered: ["The health checks", "The cluster"],
        problems: [],
      },
    ]);
  });

  test("without Git's word names Git alone, and not those who could not be asked without it", async () => {
    const silent = { ...well, gitops: { readTag: never } };
    expect(await statusOf(silent, [], 50)("production")).toMatchObject([
      { image: { state: "unknown" }, flux: { state: "unknown" }, unanswered: ["GitHub"] },
    ]);
  });

  test("asks the cluster without waiting for Git, where an earlier deployment knows the release", async () => {
    const silent = { ...well, gitops: { readTag: never } };
    const before = deploymentAt("build", { state: "live" });
    expect(await statusOf(silent, [before], 50)("production")).toMatchObject([
      { pods: { state: "well" }, unanswered: ["GitHub"] },
    ]);
  });

  test("asks again where Git names another release than the last deployment did", async () => {
    const asked: string[] = [];
    const cluster: Parts["cluster"] = {
      readLive: (release) => {
        asked.push(release.name);
        const word = { ok: true, sentence: release.name };
        return Promise.resolve({ tag: "production-40655", flux: word, pods: word });
      },
    };
    const before = deploymentAt("build", { state: "live" });
    const renamed = {
      ...before,
      evidence: { proposal: { release: { name: "old" }, liveTag: "production-40655" } },
    };
    expect(await statusOf({ ...well, cluster }, [renamed])("production")).toMatchObject([
      { flux: { sentence: "web" } },
    ]);
    expect(asked).toEqual(["old", "web"]);
  });

  test("names what is in work, what ended last, and what was good last", async () => {
    const [active, failed, good] = [
      deploymentAt("build", { id: 3 }),
      deploymentAt("build", { id: 2, state: "failed" }),
      deploymentAt("build", { id: 1, state: "live" }),
    ];
    expect(await statusOf(well, [active, failed, good])("production")).toMatchObject([
      { active: { id: 3 }, last: { id: 2 }, lastGood: { id: 1 } },
    ]);
  });

  test("a part that fails by a bug costs that part, not the answer", async () => {
    const buggy = () => Promise.reject(new TypeError("x is not a function"));
    expect(await statusOf({ ...well, health: { check: buggy } })("production")).toMatchObject([
      { pods: { state: "well" }, problems: ["The health checks could not be read."] },
    ]);
  });

  test("of an environment that there is not is no answer", async () => {
    expect(await statusOf(well)("__proto__")).toBeUndefined();
  });
});
