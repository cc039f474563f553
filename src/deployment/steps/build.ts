import type { RunEvidence } from "../deployment.ts";
import { known } from "../known.ts";
import type { Bad, RunState } from "../ports.ts";
import { canceled, done, failed, waiting, type Outcome, type Step } from "../step.ts";
import { timeOn } from "../transitions.ts";

interface NoRun {
  readonly state: "not-started";
}

/** Runs the pipeline at exactly the approved commit, once, and follows the run to its end. */
export const build: Step = {
  name: "build",
  title: "Build",
  deadline: 2 * 60 * 60_000,

  appliesTo: ({ target }) => target.from === "branch",

  async cancel(deployment, { world: { pipelines }, once }) {
    const commit = known(deployment, "proposal").commit?.id ?? "";
    const request = { key: deployment.key, commit };
    // The same effect as below: a run whose start is in doubt is looked for, and none is started any more.
    const run = await once<RunEvidence | Bad | NoRun>("start-run", {
      find: (_, since) => pipelines.findRun(request, since),
      act: () => Promise.resolve({ state: "not-started" }),
      doubt: { settle: 60_000, otherwise: pipelines.marked ? "repeat" : "ask" },
      facts: { canceled: true },
    });
    if (!("id" in run)) return canceled("No run was started; Git was not changed.");
    const { state } = await pipelines.readRun(run.id);
    if (state !== "queued" && state !== "running")
      return canceled(`Run ${run.id} has ended; Git was not changed.`, { run });
    await pipelines.cancelRun(run.id);
    return waiting({ seconds: 2 }, `Azure DevOps is canceling run ${run.id}`, { run });
  },

  async advance(deployment, { world: { pipelines }, once, clock }) {
    const commit = known(deployment, "proposal").commit?.id;
    if (commit === undefined) throw new Error(`#${deployment.id} has no approved commit`);

    const request = { key: deployment.key, commit };
    const run = await once("start-run", {
      find: (_, since) => pipelines.findRun(request, since),
      act: () => pipelines.startRun(request),
      // A list of runs may lag behind; without a marker nothing proves that there is no run.
      doubt: { settle: 60_000, otherwise: pipelines.marked ? "repeat" : "ask" },
      facts: { commit },
    });
    if ("code" in run) return failed(run.code, run);
    if (run.commit !== commit) return otherCommit(run, commit);
    const age = timeOn(deployment, clock.now());
    return follow(await pipelines.readRun(run.id), run, commit, pace(age));
  },
};

/** Short builds are followed closely, long ones calmly: every tenth of their age, from 1 to 10 seconds. */
function pace(age: number): { readonly seconds: number } {
  return { seconds: Math.min(Math.max(age / 10_000, 1), 10) };
}

function follow(
  state: RunState,
  run: RunEvidence,
  approved: string,
  after: { readonly seconds: number },
): Outcome {
  switch (state.state) {
    case "queued":
    case "running":
      return waiting(after, state.sentence, { run }, state.late);
    case "succeeded":
      if (state.run.commit !== approved) return otherCommit(state.run, approved);
      return done(`run ${run.id}`, { run: state.run });
    case "failed":
      return failed(state.code, state, { run });
  }
}

function otherCommit(run: RunEvidence, approved: string): Outcome {
  const detail = `Run ${run.id} built ${run.commit.slice(0, 7)}, approved was ${approved.slice(0, 7)}.`;
  return failed("commit-mismatch", { detail, url: run.url }, { run });
}
