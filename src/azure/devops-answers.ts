import { BuildResult, BuildStatus } from "azure-devops-node-api/interfaces/BuildInterfaces.js";
import { z } from "zod";

/**
 * The fields of Azure DevOps' answers that omnibot uses, checked where they enter. The client has turned enums into numbers
 * and dates into Dates; it leaves null where the service sends null.
 */

const links = z.object({ web: z.object({ href: z.string().nullish() }).nullish() }).nullish();
const date = z.date().nullish().catch(undefined);
const values = z.record(z.string(), z.unknown()).nullish();

export const runAnswer = z
  .object({
    id: z.number().int().positive(),
    name: z.string().nullish(),
    _links: links,
    resources: z
      .object({
        repositories: z.record(z.string(), z.object({ version: z.string().nullish() })).nullish(),
      })
      .nullish()
      .catch(undefined),
  })
  .transform(withPage);

export const buildAnswer = z
  .object({
    id: z.number().int().positive(),
    buildNumber: z.string().nullish(),
    status: z.enum(BuildStatus).catch(BuildStatus.None),
    result: z.enum(BuildResult).catch(BuildResult.None),
    queueTime: date,
    queuePosition: z.number().nullish(),
    queue: z
      .object({
        name: z.string().nullish(),
        pool: z.object({ name: z.string().nullish() }).nullish(),
      })
      .nullish()
      .catch(undefined),
    sourceBranch: z.string().nullish(),
    sourceVersion: z.string().nullish(),
    definition: z.object({ id: z.number() }).nullish(),
    templateParameters: values,
    /** Queue-time variables, as JSON in a string. */
    parameters: z.string().nullish(),
    validationResults: z
      .array(z.object({ result: z.number().nullish(), message: z.string().nullish() }))
      .nullish(),
    _links: links,
  })
  .transform(withPage);

export type Build = z.infer<typeof buildAnswer>;

export const recordAnswer = z.object({
  id: z.string(),
  parentId: z.string().nullish(),
  type: z.string().nullish(),
  name: z.string().nullish(),
  order: z.number().nullish(),
  state: z.number().nullish(),
  result: z.number().nullish(),
  finishTime: date,
  issues: z
    .array(z.object({ type: z.number().nullish(), message: z.string().nullish() }))
    .nullish(),
  log: z.object({ id: z.number() }).nullish(),
});

/** One line of a run's timeline: a stage, a phase, a job, a task, or a check before a stage. */
export type TimelineRecord = z.infer<typeof recordAnswer>;

export const timelineAnswer = z.object({ records: z.array(recordAnswer).nullish() });

export const logsAnswer = z.array(z.object({ id: z.number(), lineCount: z.number().nullish() }));

export const definitionAnswer = z.object({
  repository: z.object({
    id: z.string(),
    type: z.string(),
    name: z.string().nullish(),
    url: z.string().nullish(),
  }),
});

export type SourceRepository = z.infer<typeof definitionAnswer>["repository"];

export const commitAnswer = z.object({
  commitId: z.string(),
  comment: z.string().nullish(),
  author: z.object({ name: z.string().nullish() }).nullish(),
  committer: z.object({ date: z.coerce.date().optional().catch(undefined) }).nullish(),
  workItems: z
    .array(z.object({ id: z.string() }))
    .nullish()
    .catch(undefined),
});

/** A work item that may not be read is null (errorPolicy=omit). */
export const workItemsAnswer = z.object({
  value: z.array(
    z.object({ id: z.number(), fields: z.record(z.string(), z.string()).nullish() }).nullable(),
  ),
});

export const branchAnswer = z.object({ commit: commitAnswer });

export const connectionAnswer = z.object({
  authenticatedUser: z.object({ id: z.string().min(1) }),
});

/** Keeps the address of the page for people, of all the links. Not checked yet. */
function withPage<Answer extends { readonly _links?: z.infer<typeof links> }>(
  answer: Answer,
): Omit<Answer, "_links"> & { readonly page: string | undefined } {
  const { _links: all, ...rest } = answer;
  return { ...rest, page: all?.web?.href ?? undefined };
}
