import type { Octokit } from "@octokit/rest";
import { z } from "zod";
import { noAnswer, refusal, unusable, type Doubt, type Refusal } from "./errors.ts";

/** A repository on GitHub, with the client that reaches it. */
export interface Repository {
  readonly octokit: Octokit;
  readonly owner: string;
  readonly repo: string;
}

export function repositoryOf(octokit: Octokit, name: string): Repository {
  const [owner, repo, ...rest] = name.split("/");
  if (!owner || !repo || rest.length > 0)
    throw new Error(`${JSON.stringify(name)} is not owner/name`);
  return { octokit, owner, repo };
}

export interface Answer extends Refusal {
  readonly data: unknown;
  /** What was asked, for people. */
  readonly what: string;
  /** Whether an answer that cannot be understood leaves a doubt: it does after a write. */
  readonly doubt: Doubt;
}

/** What GitHub says; of an invalid request the reason stands among the errors (`Validation Failed` is all else). */
const body = z.object({
  message: z.string(),
  errors: z
    .array(
      z.union([
        z.string(),
        z.object({ message: z.string() }).transform((one) => one.message),
        z.unknown().transform(() => ""),
      ]),
    )
    .catch([]),
});

/** Octokit's error. Without a response there was no answer, whatever its status says. */
const httpError = z.object({
  name: z.literal("HttpError"),
  response: z
    .object({
      status: z.int(),
      headers: z.record(z.string(), z.union([z.string(), z.number()]).optional()),
      data: z.unknown(),
    })
    .optional(),
});

/**
 * Sends one request about a repository, once, and returns the answer of any status below 500, for the caller to judge.
 *
 * @throws ServiceError when there is no answer, or GitHub is out of order, throttles or does not know us. After a write its
 * `effect` is `unknown` unless it is certain that nothing was sent.
 */
export async function ask(
  repository: Repository,
  route: string,
  parameters: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  const { octokit, owner, repo } = repository;
  const doubt: Doubt = route.startsWith("GET ") ? "none" : "unknown";
  const what = describe(route, { ...parameters, owner, repo });
  try {
    const { status, data, headers } = await octokit.request(route, { owner, repo, ...parameters });
    return { status, data, headers, message: "", what, doubt };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.name === "AbortError") throw noAnswer(error, doubt);
    const failed = httpError.safeParse(error);
    if (!failed.success) throw error;
    if (failed.data.response === undefined) throw noAnswer(error, doubt);
    const { status, headers, data } = failed.data.response;
    const parsed = body.safeParse(data);
    // From somebody in between: it says nothing about what is there.
    if (status === 404 && !parsed.success)
      throw unusable(what, doubt, "the 404 that came is not one of its own");
    // Octokit's own message ends with an address of the documentation.
    const message = parsed.success ? words(parsed.data) : error.message;
    const answer: Answer = { status, data, headers, message, what, doubt };
    const trouble = refusal(answer, doubt, what);
    if (status >= 500 || status === 401 || trouble.trouble === "throttled") throw trouble;
    return answer;
  }
}

function words({ message, errors }: z.output<typeof body>): string {
  const reasons = errors.filter((error) => error !== "");
  return reasons.length === 0 ? message : `${message}: ${reasons.join(", ")}`;
}

/** The fields of a good answer. @throws ServiceError for any other status, and for an answer without these fields. */
export function accept<Schema extends z.ZodType>(answer: Answer, schema: Schema): z.output<Schema> {
  if (answer.status < 200 || answer.status > 299) throw refusal(answer, answer.doubt, answer.what);
  const parsed = schema.safeParse(answer.data);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw unusable(
    answer.what,
    answer.doubt,
    `${issue?.path.join(".") || "the body"}: ${issue?.message ?? ""}`,
  );
}

function describe(route: string, parameters: Readonly<Record<string, unknown>>): string {
  return route.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(parameters[name]));
}
