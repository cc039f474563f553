import { ApiException } from "@kubernetes/client-node";
import { z } from "zod";
import { ServiceError, type Service } from "../deployment/service-error.ts";
import { withReason } from "../deployment/words.ts";

const status = z.object({ message: z.string().optional(), reason: z.string().optional() });

/** Whether the API server says that there is no such object, or no such API. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiException && error.code === 404;
}

/**
 * What went wrong with a call, without headers or bodies: an ApiException's own message holds both, so that it is not kept
 * as the cause either. `effect` is what a call may have done whose answer was lost.
 */
export function toServiceError(
  error: unknown,
  service: Service,
  doing: string,
  effect: ServiceError["effect"],
): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error instanceof ApiException) {
    const { code, body, headers } = error as ApiException<unknown>;
    const words = messageOf(body) ?? `HTTP ${code}`;
    const said = missingRight(code, words) ?? withReason(doing, words);
    return httpError(service, code, said, effect, headers["retry-after"]);
  }
  const said = `${doing}: ${networkMessage(error)}`;
  return new ServiceError(service, "unreachable", effect, said, { cause: error });
}

const refused =
  /cannot (\w+) resource "([^"]+)" in API group "([^"]*)" (?:in the namespace "([^"]+)"|at the cluster scope)/;

/** Which right omnibot lacks, from the words of the API server's authorization (RBAC). */
function missingRight(code: number, said: string): string | undefined {
  const [found, verb, resource, group, namespace] = refused.exec(said) ?? [];
  if (code !== 403 || found === undefined) return undefined;
  const what = group === "" ? resource : `${resource}.${group}`;
  const where = namespace === undefined ? "in the whole cluster" : `in the namespace ${namespace}`;
  return `omnibot lacks the permission to ${verb} ${what} ${where}`;
}

/** An answer with an HTTP status that is not a success. */
export function httpError(
  service: Service,
  code: number,
  message: string,
  effect: ServiceError["effect"],
  retryAfter: string | undefined,
): ServiceError {
  const wait = waitOf(retryAfter);
  if (code === 401 || code === 403) return new ServiceError(service, "denied", "none", message);
  if (code === 429) {
    return new ServiceError(service, "throttled", "none", message, { retryAfter: wait });
  }
  if (code >= 500) {
    return new ServiceError(service, "unreachable", effect, message, { retryAfter: wait });
  }
  return new ServiceError(service, "invalid", "none", message);
}

/** Retry-After in milliseconds: seconds, or a date. */
function waitOf(header: string | undefined): number | undefined {
  if (header === undefined || header === "") return undefined;
  const seconds = Number(header);
  const milliseconds = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}

/** The message of a Status; the client leaves bodies that it does not know as text. */
function messageOf(body: unknown): string | undefined {
  const value = typeof body === "string" ? parsed(body) : body;
  const found = status.safeParse(value);
  return found.success ? (found.data.message ?? found.data.reason) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const networkWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  ENOTFOUND: "host not found",
  EAI_AGAIN: "host not found",
  ETIMEDOUT: "no answer in time",
  UND_ERR_CONNECT_TIMEOUT: "no answer in time",
  UND_ERR_HEADERS_TIMEOUT: "no answer in time",
  UND_ERR_BODY_TIMEOUT: "no answer in time",
  UND_ERR_SOCKET: "connection lost",
};

const thrown = z.object({ name: z.string(), cause: z.unknown().optional() });

/** `fetch failed` hides what happened in its cause. */
function networkMessage(error: unknown): string {
  if (error instanceof z.ZodError) return "an answer of an unknown form";
  const { data: seen } = thrown.safeParse(error);
  if (seen === undefined) return "no usable answer";
  if (seen.name === "TimeoutError" || seen.name === "AbortError") return "no answer in time";
  const code = codeOf(seen.cause) ?? codeOf(error);
  return code === undefined ? "no usable answer" : (networkWords[code] ?? code);
}

function codeOf(error: unknown): string | undefined {
  return z.object({ code: z.string() }).safeParse(error).data?.code;
}
