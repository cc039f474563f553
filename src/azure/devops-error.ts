import { z } from "zod";
import { ServiceError } from "../deployment/service-error.ts";
import { withReason } from "../deployment/words.ts";

/** What azure-devops-node-api and Node's http hang on an error. */
const seen = z.object({
  message: z.string().catch(""),
  statusCode: z.number().optional().catch(undefined),
  code: z.string().optional().catch(undefined),
  syscall: z.string().optional().catch(undefined),
  rateLimit: z
    .object({
      retryAfter: z.number().optional().catch(undefined),
      reset: z.number().optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});

type Seen = z.infer<typeof seen>;

/** The longest that omnibot believes a service that asks for patience, in milliseconds. */
const longestWait = 15 * 60_000;

/**
 * Says what an error of the Azure DevOps client means. `request` is what was asked: a read has no effect; a write that
 * got no clear refusal may have been done and must be looked up. `now` is the time, ms since 1970.
 */
export function explainDevOpsError(
  error: unknown,
  request: "read" | "write",
  now: number,
): ServiceError {
  if (error instanceof ServiceError) return error;
  const parsed = seen.safeParse(error);
  const facts: Seen = parsed.success ? parsed.data : { message: String(error) };
  const effect = request === "read" || notSent(facts) || refused(facts) ? "none" : "unknown";
  return new ServiceError("azure-devops", trouble(facts), effect, sentence(facts), {
    cause: error,
    retryAfter: retryAfter(facts, now),
  });
}

/** The connection was never there, so no request was. */
function notSent({ code, syscall }: Seen): boolean {
  return (
    code === "ECONNREFUSED" ||
    code === "ENOTFOUND" ||
    syscall === "connect" ||
    syscall === "getaddrinfo"
  );
}

/** An answer that proves that the request was not executed; 408 proves nothing. */
function refused({ statusCode }: Seen): boolean {
  return statusCode !== undefined && statusCode >= 400 && statusCode < 500 && statusCode !== 408;
}

function trouble({ statusCode, message, rateLimit }: Seen): ServiceError["trouble"] {
  // The routes are there for everybody: that they are "not found" means that the way there is shut.
  if (message.startsWith("Failed to find api location")) return "denied";
  if (message.startsWith("Could not find information for resource area")) return "invalid";
  if (statusCode === undefined) return "unreachable";
  if (statusCode === 429 || (statusCode === 503 && rateLimit?.retryAfter !== undefined))
    return "throttled";
  // 203 comes with the sign-in page.
  if (statusCode === 401 || statusCode === 403 || statusCode === 203) return "denied";
  if (statusCode < 300) return "unreachable";
  // A redirect of an API leads to a sign-in page.
  if (statusCode >= 300 && statusCode < 400) return "denied";
  return statusCode < 500 && statusCode !== 408 ? "invalid" : "unreachable";
}

function retryAfter({ statusCode, rateLimit }: Seen, now: number): number | undefined {
  if (statusCode !== 429 && statusCode !== 503) return undefined;
  const { retryAfter: seconds, reset } = rateLimit ?? {};
  const wait =
    seconds !== undefined ? seconds * 1000 : reset !== undefined ? reset * 1000 - now : undefined;
  return wait === undefined || !Number.isFinite(wait)
    ? undefined
    : Math.min(Math.max(wait, 0), longestWait);
}

function sentence({ statusCode, message, code }: Seen): string {
  if (message.startsWith("Failed to find api location") || statusCode === 203)
    return "Azure DevOps did not accept omnibot's sign-in";
  if (statusCode !== undefined) return withReason(`Azure DevOps answered ${statusCode}`, message);
  const silence = withReason("Azure DevOps did not answer", message);
  return code === undefined || silence.includes(code) ? silence : `${silence} (${code})`;
}
