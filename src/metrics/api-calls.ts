import type { ClientRequest, IncomingMessage } from "node:http";
import { subscribe, unsubscribe } from "node:diagnostics_channel";

/** One HTTP request to a service, as soon as the head of its answer is there, or it has failed. */
export interface ApiCall {
  readonly service: string;
  /** `2xx` to `5xx`, `429`, or `error` where no answer came. */
  readonly result: string;
  readonly milliseconds: number;
  /** What is left of the service's rate limit, where it says so. */
  readonly remaining: number | undefined;
}

/** How undici, and with it fetch, tells of its requests. */
interface UndiciRequest {
  readonly origin?: string | URL;
}

/**
 * Sees every HTTP request that this process makes, whichever SDK sends it, by the channels of Node and of undici: so no adapter
 * has to count, and none can be forgotten. Returns what ends it.
 */
export function watchApiCalls(
  serviceOf: (host: string) => string,
  called: (call: ApiCall) => void,
): () => void {
  const begun = new WeakMap<object, number>();

  function ended(request: object, host: string, status?: number, left?: string): void {
    const at = begun.get(request);
    if (at === undefined) return;
    begun.delete(request);
    const remaining = left === undefined || left === "" ? Number.NaN : Number(left);
    called({
      service: serviceOf(host),
      result: resultOf(status),
      milliseconds: performance.now() - at,
      remaining: Number.isFinite(remaining) ? remaining : undefined,
    });
  }

  // What comes through these channels is documented with the channel (nodejs.org, "Built-in Channels"; undici, "Diagnostics Channel").
  const listeners: Readonly<Record<string, (message: unknown) => void>> = {
    "http.client.request.start": (message) => {
      begun.set((message as { request: ClientRequest }).request, performance.now());
    },
    "http.client.response.finish": (message) => {
      const { request, response } = message as {
        request: ClientRequest;
        response: IncomingMessage;
      };
      const left = response.headers["x-ratelimit-remaining"];
      ended(request, hostOf(request), response.statusCode, String(left ?? ""));
    },
    "http.client.request.error": (message) => {
      const { request } = message as { request: ClientRequest };
      ended(request, hostOf(request));
    },
    "undici:request:create": (message) => {
      begun.set((message as { request: UndiciRequest }).request, performance.now());
    },
    "undici:request:headers": (message) => {
      const { request, response } = message as {
        request: UndiciRequest;
        response: { statusCode: number; headers: readonly (Buffer | string)[] };
      };
      const left = headerOf(response.headers, "x-ratelimit-remaining");
      ended(request, originOf(request), response.statusCode, left);
    },
    "undici:request:error": (message) => {
      const { request } = message as { request: UndiciRequest };
      ended(request, originOf(request));
    },
  };
  for (const [channel, listener] of Object.entries(listeners)) subscribe(channel, listener);
  return () => {
    for (const [channel, listener] of Object.entries(listeners)) unsubscribe(channel, listener);
  };
}

function resultOf(status: number | undefined): string {
  if (status === undefined) return "error";
  return status === 429 ? "429" : `${Math.floor(status / 100)}xx`;
}

function hostOf(request: ClientRequest): string {
  return String(request.getHeader("host") ?? request.host);
}

function originOf({ origin }: UndiciRequest): string {
  return URL.parse(String(origin))?.host ?? "";
}

function headerOf(headers: readonly (Buffer | string)[], wanted: string): string | undefined {
  for (let i = 0; i + 1 < headers.length; i += 2)
    if (String(headers[i]).toLowerCase() === wanted) return String(headers[i + 1]);
  return undefined;
}
