import { z } from "zod";
import { ServiceError } from "../deployment/service-error.ts";

/** What went wrong with a message, with the HTTP status where there was an answer. */
export class TeamsError extends ServiceError {
  readonly status: number | undefined;

  constructor(
    status: number | undefined,
    trouble: ServiceError["trouble"],
    effect: ServiceError["effect"],
    message: string,
    options: { readonly cause?: unknown; readonly retryAfter?: number | undefined } = {},
  ) {
    super("teams", trouble, effect, message, options);
    this.name = "TeamsError";
    this.status = status;
  }
}

/** What the SDK throws: a RestError of its HTTP client. */
const failure = z.looseObject({
  statusCode: z.number().optional(),
  code: z.string().optional(),
  message: z.string().optional(),
  response: z.looseObject({ headers: z.custom<{ get(name: string): unknown }>(hasGet) }).optional(),
});

function hasGet(headers: unknown): boolean {
  return (
    typeof headers === "object" &&
    headers !== null &&
    "get" in headers &&
    typeof headers.get === "function"
  );
}

/** Errors of the connection that say that nothing was sent. */
const neverSent = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"];

/**
 * Splits what can go wrong by whether the message may have arrived
 * (https://learn.microsoft.com/microsoftteams/platform/bots/bot-basics, "Status codes from bot conversational APIs").
 */
export function asTeamsError(error: unknown): TeamsError {
  // Without a token nothing was sent.
  if (error instanceof ServiceError)
    return new TeamsError(undefined, error.trouble, error.effect, error.message, { cause: error });
  const {
    statusCode: status,
    code = "",
    message = "",
    response,
  } = failure.safeParse(error).data ?? {};
  const options = {
    cause: error,
    retryAfter: millisecondsOf(response?.headers.get("retry-after")),
  };
  const answer = `${status ?? ""} ${code}`.trim();
  if (status === 429 || status === 412) {
    return new TeamsError(
      status,
      "throttled",
      "none",
      `Teams asks for patience (${answer}).`,
      options,
    );
  }
  if (status === 401 || status === 403) {
    return new TeamsError(
      status,
      "denied",
      "none",
      `Teams does not let omnibot speak there (${answer}).`,
      options,
    );
  }
  // Somebody else was at the same thing: it was not done, and may be a moment later.
  if (status === 409) {
    return new TeamsError(
      status,
      "unreachable",
      "none",
      `Teams was busy with the same (${answer}).`,
      options,
    );
  }
  if (status === 501 || (status !== undefined && status >= 400 && status < 500 && status !== 408)) {
    return new TeamsError(
      status,
      "invalid",
      "none",
      `Teams refused the message (${answer}).`,
      options,
    );
  }
  const unsent =
    status === undefined && neverSent.some((one) => `${code} ${message}`.includes(one));
  const effect = unsent ? "none" : "unknown";
  return new TeamsError(
    status,
    "unreachable",
    effect,
    `Teams did not answer (${answer || "no connection"}).`,
    options,
  );
}

/** Seconds of a Retry-After header in milliseconds, five minutes at most. */
function millisecondsOf(header: unknown): number | undefined {
  const seconds = typeof header === "string" ? Number(header) : Number.NaN;
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 300) * 1000 : undefined;
}
