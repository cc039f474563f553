import { ServiceError } from "../deployment/service-error.ts";
import { firstWords, withReason } from "../deployment/words.ts";

/** A whole answer of a registry. */
export interface RegistryAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** The largest manifest that the distribution specification asks registries to accept, in bytes. */
const maxBody = 4 * 1024 * 1024;

/** The longest that omnibot believes a registry that asks for patience, in milliseconds. */
const longestWait = 15 * 60_000;

/** One request without redirects, within `patience` milliseconds and 4 MB. Throws ServiceError when there is no answer. */
export async function callRegistry(
  url: URL,
  request: RequestInit,
  patience: number,
): Promise<RegistryAnswer> {
  try {
    // Redirects are for blobs; one here would carry a token to wherever it points.
    const answer = await fetch(url, {
      ...request,
      redirect: "manual",
      signal: AbortSignal.timeout(patience),
    });
    return { status: answer.status, headers: answer.headers, body: await readBody(answer) };
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw new ServiceError(
      "registry",
      "unreachable",
      "none",
      `${url.host} did not answer: ${reasonOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** What an answer means that is neither success nor "no such thing" nor a first challenge. */
export function refusedBy(url: URL, answer: RegistryAnswer): ServiceError {
  const { status } = answer;
  const sentence = withReason(`${url.host} answered ${status}`, messageOf(answer));
  const trouble =
    status === 429
      ? "throttled"
      : status === 401 || status === 403
        ? "denied"
        : // A sign-in page (2xx), or a "not found" that is not a registry's, comes from somebody in between.
          status >= 500 || status === 408 || status === 404 || status < 300
          ? "unreachable"
          : "invalid";
  return new ServiceError("registry", trouble, "none", sentence, {
    retryAfter: retryAfter(answer),
  });
}

/** The first error of the body in the form of the distribution specification; "" for any other body. */
export function messageOf({ body }: RegistryAnswer): string {
  const error = errorOf(body);
  return error === undefined ? "" : [error.code, error.message].filter(Boolean).join(", ");
}

/** Whether the body is an error as registries write it, and not the page of some other server. */
export function isRegistryError({ body, headers }: RegistryAnswer): boolean {
  return errorOf(body) !== undefined || headers.has("docker-distribution-api-version");
}

function errorOf(body: Buffer): { code: string; message: string } | undefined {
  const errors = field(parseJson(body), "errors");
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const code = field(first, "code");
  const message = field(first, "message");
  if (typeof code !== "string") return undefined;
  return { code, message: typeof message === "string" ? message : "" };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** The value of a JSON body; undefined when it is none. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** Seconds, or a date (RFC 9110 section 10.2.3). */
function retryAfter({ headers }: RegistryAnswer): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), longestWait) : undefined;
}

async function readBody(answer: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > maxBody) throw new Error(`the answer is larger than ${maxBody} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** fetch says "fetch failed" and hides the reason in the cause. */
function reasonOf(error: unknown): string {
  if (field(error, "name") === "TimeoutError") return "no answer in time";
  const reason = field(field(error, "cause"), "message") ?? field(error, "message");
  return typeof reason === "string" ? firstWords(reason) : "no reason given";
}
