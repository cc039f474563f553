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

function statusOf(parts: Parts, recent: readonly Deployment[] = []) {
  const { ledger } = fakeLedger({ list: answer(recent) });
  const environments = { production: environment };
  return createStatus({ ledger, environments, worldOf: () => fakeWorld(parts) });
}

describe("the status", () => {
  test("tells what Git, the registry, Flux, the pods and the application say", async () => {
    expect(await statusOf(well)(undefined)).toMatchObject([
      {
        environment: "production",
        tag: { wanted: "production-40655", since: 900_000, by: "omnibot[bot]" },
        image: { ok: true },
        flux: { ok: true, sentence: "release 4" },
        pods: { ok: true },
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
        image: { ok: true },
        pods: { ok: false, sentence: "not known" },
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

  test("of an environment that there is not is no answer", async () => {
    expect(await statusOf(well)("__proto__")).toBeUndefined();
  });
});
