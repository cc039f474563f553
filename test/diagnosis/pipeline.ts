import { adele } from "../../sandbox/people.ts";
import type { Case } from "./case.ts";
import { answering, having, hasProven, says, within } from "./turns.ts";

/** What Azure DevOps can do to a deployment. */
export const pipelineCases: readonly Case[] = [
  {
    cause: "pipeline-failed",
    scenario: "build-fails",
    decidable: ({ world }) => world.azureDevOps.runs.at(-1)?.result === "failed",
    words: ['Task "Unit tests" failed: 1 of 214 tests failed', "test/scale-bar.test.ts:43:21"],
  },
  {
    cause: "pipeline-canceled",
    turns: [
      {
        when: says("Stage 1 of 2"),
        does: ({ world }) => world.azureDevOps.cancel(40672),
      },
    ],
    decidable: ({ world }) => world.azureDevOps.runs.at(-1)?.result === "canceled",
    words: ["Run 40672 was canceled."],
  },
  {
    cause: "pipeline-not-approved",
    name: "told while it waits, with the run's link",
    before: ({ world }) => void (world.azureDevOps.controls.approved = false),
    decidable: hasProven("run"),
    words: [/run 40672 · Stage 1 of 2: Build, waits for an approval in Azure DevOps/],
    ends: "waiting",
  },
  {
    cause: "pipeline-not-approved",
    name: "too long",
    config: within({ build: "2m" }),
    before: ({ world }) => void (world.azureDevOps.controls.approved = false),
    words: ["waits for an approval in Azure DevOps"],
  },
  {
    cause: "pipeline-no-agent",
    name: "told while it waits, with the reason",
    before: ({ world }) => void (world.azureDevOps.controls.agents = false),
    decidable: hasProven("run"),
    words: [
      'Waits for an agent of the pool "Azure Pipelines": No agents in pool Azure Pipelines are currently able',
    ],
    ends: "waiting",
  },
  {
    cause: "pipeline-no-agent",
    name: "too long",
    config: within({ build: "2m" }),
    before: ({ world }) => void (world.azureDevOps.controls.agents = false),
    words: ["No agents in pool Azure Pipelines"],
  },
  {
    cause: "timed-out",
    name: "a build that takes longer than it may",
    scenario: "slow",
    config: within({ build: "60s" }),
    words: [/Stage \d of 2/],
  },
  {
    cause: "run-not-started",
    config: having("build", { parameters: { environment: "production", flavour: "x" } }),
    words: [
      "⚠ The pipeline would not start: Azure DevOps answered 400: /azure-pipelines.yml: Unexpected parameter 'flavour'",
    ],
  },
  {
    cause: "run-not-permitted",
    before: ({ world }) => void (world.azureDevOps.controls.mayQueue = false),
    words: [
      '⚠ omnibot may not queue runs of pipeline 12 (permission "Queue builds").',
      "TF215106: Access denied. omnibot needs Queue builds permissions",
    ],
  },
  {
    cause: "run-in-doubt",
    config: having("build", { marker: "none" }),
    approved: ({ world }) =>
      void world.azureDevOps.standIn.faults.push({
        method: "POST",
        path: "/runs$",
        times: 1,
        reset: "before",
      }),
    words: ["nothing shows whether it was done"],
  },
  {
    cause: "pipeline-not-found",
    config: having("build", { pipeline: 99 }),
    words: ["There is no pipeline 99 in the project OmniSpatial."],
  },
  {
    cause: "branch-not-found",
    config: having("build", { branch: "release" }),
    words: ["There is no branch release in the repository web."],
  },
  {
    cause: "build-not-found",
    ask: "deploy production 39999",
    words: ["Neither the pipeline nor the registry knows build 39999."],
  },
  {
    cause: "commit-mismatch",
    before: ({ world }) => void (world.azureDevOps.controls.commit = "f".repeat(40)),
    decidable: ({ world }) => world.azureDevOps.runs.at(-1)?.result === "succeeded",
    words: ["Run 40672 built fffffff, approved was"],
  },
  {
    cause: "service-unreachable",
    name: "Azure DevOps",
    config: within({ build: "2m" }),
    approved: ({ world }) => world.azureDevOps.standIn.shut(),
    words: ["Azure DevOps did not answer.", "Tries again"],
  },
  {
    cause: "service-denied",
    name: "Azure DevOps",
    approved: ({ world }) =>
      void world.azureDevOps.standIn.faults.push({
        path: "/_apis/",
        ...answering(401, { message: "TF400813: not authorized to access this resource." }),
      }),
    words: ["Azure DevOps does not let omnibot in."],
  },
  {
    cause: "service-refused",
    name: "a run that was deleted",
    turns: [
      {
        when: hasProven("run"),
        does: ({ world }) =>
          void world.azureDevOps.standIn.faults.push({
            method: "GET",
            path: "/build/builds/40672$",
            ...answering(404, { message: "The requested build 40672 could not be found." }),
          }),
      },
    ],
    decidable: (stage) =>
      stage.world.azureDevOps.standIn.journal.some(
        ({ path, status }) => path.endsWith("/40672") && status === 404,
      ),
    words: [
      "Azure DevOps refused what omnibot asked for.",
      "has no run 40672 of pipeline 12 any more",
    ],
  },
  {
    cause: "expired",
    // Only Adele may approve, who is away; who does it in her place is told so.
    config: having("approval", { approvers: [adele.aadObjectId], expires: "2m" }),
    words: ["It ended at"],
  },
];
