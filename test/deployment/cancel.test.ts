import type { Deployment } from "../../src/deployment/deployment.ts";
import { createInterventions } from "../../src/deployment/interventions.ts";
import { steps } from "../../src/deployment/steps.ts";
import {
  commit,
  contextOf,
  deploymentAt,
  environment,
  FakeClock,
  fakeLedger,
  megan,
  noGroups,
  type Parts,
} from "./fakes.ts";

const wish = { cancellation: { person: megan, at: 1_000_000 } };
const run = { id: 40_672, number: "1", commit, url: "https://dev.azure.com/run" };
const pull = { number: 871, url: "https://github.com/pull/871", head: "b".repeat(40) };

function answer<T>(value: T) {
  return () => Promise.resolve(value);
}

async function cancel(deployment: Deployment, parts: Parts) {
  const name = deployment.progress.find((one) => one.state === "running")?.step;
  const step = steps.find((one) => one.name === name);
  return step?.cancel?.(deployment, contextOf(parts));
}

describe("canceling", () => {
  test("before anything began needs nothing of the world", async () => {
    expect(await cancel(deploymentAt("approve", wish), {})).toMatchObject({ type: "canceled" });
    expect(await cancel(deploymentAt("verify-image", wish), {})).toMatchObject({
      type: "canceled",
      sentence: "Git was not changed.",
    });
  });

  test("a build asks for the end of its run, waits for that, and says what is left", async () => {
    const canceled: number[] = [];
    const pipelines = (state: "running" | "succeeded") => ({
      marked: true,
      findRun: answer(run),
      cancelRun: (id: number) => Promise.resolve(void canceled.push(id)),
      readRun: () =>
        Promise.resolve(state === "running" ? { state, sentence: "runs" } : { state, run }),
    });
    const building = deploymentAt("build", wish);
    expect(await cancel(building, { pipelines: pipelines("running") })).toMatchObject({
      type: "waiting",
      sentence: "Azure DevOps is canceling run 40672",
    });
    expect(canceled).toEqual([40_672]);
    expect(await cancel(building, { pipelines: pipelines("succeeded") })).toMatchObject({
      type: "canceled",
      sentence: "Run 40672 has ended; Git was not changed.",
    });
    expect(canceled).toEqual([40_672]);
  });

  test("a build that was not started yet starts none any more", async () => {
    const parts: Parts = { pipelines: { marked: true, findRun: answer(undefined) } };
    expect(await cancel(deploymentAt("build", wish), parts)).toMatchObject({
      type: "canceled",
      sentence: "No run was started; Git was not changed.",
    });
  });

  test("a change closes its pull request and removes its branch", async () => {
    const done: string[] = [];
    const gitops: Parts["gitops"] = {
      findMerge: answer(undefined),
      findPullRequest: answer({ ...pull, state: "open" as const }),
      closePullRequest: (number) => {
        done.push(`close ${number}`);
        return Promise.resolve({ ...pull, state: "closed" as const });
      },
      deleteBranch: (branch) => Promise.resolve(void done.push(`delete ${branch}`)),
    };
    for (const step of ["open-change", "merge-change"]) {
      expect(await cancel(deploymentAt(step, wish), { gitops })).toMatchObject({
        type: "canceled",
        sentence: "Pull request 871 is closed; Git was not changed.",
      });
    }
    const both = ["close 871", "delete omnibot/abcdef012345"];
    expect(done).toEqual([...both, ...both]);
  });

  test("comes too late for what is merged, also when that happened in between", async () => {
    const merging = deploymentAt("merge-change", wish);
    const merged = { state: "merged" as const, commit, url: "https://github.com/commit" };
    expect(await cancel(merging, { gitops: { findMerge: answer(merged) } })).toBe("too-late");
    const closing: Parts["gitops"] = {
      findMerge: answer(undefined),
      findPullRequest: answer({ ...pull, state: "open" as const }),
      closePullRequest: answer({ ...pull, state: "merged" as const }),
    };
    expect(await cancel(merging, { gitops: closing })).toBe("too-late");
    for (const step of ["sync", "roll-out", "check-health"])
      expect(await cancel(deploymentAt(step, wish), {})).toBeUndefined();
  });

  test("waits for a merge that GitHub is at", async () => {
    const gitops: Parts["gitops"] = { findMerge: answer({ state: "merging" as const }) };
    expect(await cancel(deploymentAt("merge-change", wish), { gitops })).toMatchObject({
      type: "waiting",
    });
  });
});

test("P17 what somebody put into Git by hand cannot be canceled: it is there, and is followed to the end", async () => {
  const observed = deploymentAt("verify-image", { kind: "observed", target: { from: "git" } });
  const refuse = () => Promise.reject(new Error("nothing may be written"));
  const { ledger } = fakeLedger({ get: answer(observed), remember: answer(true) });
  const interventions = createInterventions({
    store: { cancel: refuse, retry: refuse },
    ledger,
    environments: { production: environment },
    groups: noGroups,
    clock: new FakeClock(),
    hint: () => {},
  });
  const delivery = { id: "1", conversation: "19:channel@thread.tacv2" };
  expect(await interventions.cancel({ id: 128, person: megan, delivery })).toMatchObject({
    state: "too-late",
  });
});
