import { ServiceError } from "../deployment/service-error.ts";
import { withReason } from "../deployment/words.ts";

export type Doubt = ServiceError["effect"];

/** The parts of an HTTP answer that decide what went wrong. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
}

/** GitHub asks for at least a minute of patience where it does not say how long. */
const patience = 60_000;

/** Codes of a connection that was never made: nothing was sent. */
const neverSent = new Set([
  "ENOTFOUND",
  "ECONNREFUSED",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/**
 * GitHub did not answer. Octokit shows that as status 500 with a cause and no response; what was sent may have had its effect
 * (measured with @octokit/rest 22.0.1). The request itself, with its headers, is not kept.
 */
export function noAnswer(error: Error, doubt: Doubt): ServiceError {
  const cause = error.cause;
  const effect = isNeverSent(cause) ? "none" : doubt;
  return new ServiceError(
    "github",
    "unreachable",
    effect,
    withReason("GitHub did not answer", error.message),
    { cause },
  );
}

/** An answer of the error kind that is no expected one. A status of 4xx is certainly no effect; 5xx may have had one. */
export function refusal(answer: Refusal, doubt: Doubt, what: string): ServiceError {
  const { status } = answer;
  const said = withReason(`GitHub answered ${status} to ${what}`, answer.message);
  if (isThrottled(answer)) {
    return new ServiceError("github", "throttled", "none", said, {
      retryAfter: retryAfter(answer) ?? patience,
    });
  }
  if (status === 401)
    return new ServiceError(
      "github",
      "denied",
      "none",
      `${said}. Check omnibot's credentials for GitHub`,
    );
  if (status === 404) {
    const hint = "It does not exist, or omnibot's credentials for GitHub do not reach it";
    return new ServiceError("github", "denied", "none", `${said}. ${hint}`);
  }
  if (status === 403 || status === 451) return new ServiceError("github", "denied", "none", said);
  if (status >= 400 && status < 500) return new ServiceError("github", "invalid", "none", said);
  return new ServiceError("github", "unreachable", doubt, said, { retryAfter: retryAfter(answer) });
}

/** An answer without the fields that it must have: of no use, and after a write no proof of anything. */
export function unusable(what: string, doubt: Doubt, problem: string): ServiceError {
  return new ServiceError(
    "github",
    "unreachable",
    doubt,
    withReason(`GitHub's answer to ${what} cannot be used`, problem),
  );
}

/** GitHub says that it is there already, and does not show it: what it shows lags behind. */
export function notShownYet(what: string, doubt: Doubt): ServiceError {
  return new ServiceError("github", "unreachable", doubt, `GitHub does not show ${what} yet`);
}

function isThrottled({ status, headers, message }: Refusal): boolean {
  if (status === 429) return true;
  if (status !== 403) return false;
  if (headers["retry-after"] !== undefined || String(headers["x-ratelimit-remaining"]) === "0")
    return true;
  return /rate limit/i.test(message);
}

/** Milliseconds until GitHub wants to hear from us again. The reset is compared with GitHub's own clock. */
function retryAfter({ headers }: Refusal): number | undefined {
  const seconds = Number(headers["retry-after"]);
  if (headers["retry-after"] !== undefined && seconds >= 0) return seconds * 1000;
  const reset = Number(headers["x-ratelimit-reset"]) * 1000;
  const now = Date.parse(String(headers["date"]));
  if (String(headers["x-ratelimit-remaining"]) !== "0" || Number.isNaN(reset) || Number.isNaN(now))
    return undefined;
  return Math.max(reset - now, 1000);
}

function isNeverSent(cause: unknown): boolean {
  let error = cause;
  for (let depth = 0; depth < 5 && typeof error === "object" && error !== null; depth += 1) {
    // Node tries every address of a name and reports them together.
    const all: readonly unknown[] =
      "errors" in error && Array.isArray(error.errors) ? error.errors : [error];
    if (all.length > 0 && all.every(hasCodeOfNeverSent)) return true;
    error = "cause" in error ? error.cause : undefined;
  }
  return false;
}

function hasCodeOfNeverSent(error: unknown): boolean {
  return (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    neverSent.has(String(error.code))
  );
}
