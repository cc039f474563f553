import type { ServerResponse } from "node:http";
import type { StandInAnswer } from "../stand-in.ts";
import { expired } from "./answers.ts";
import type { Clock } from "./clock.ts";
import type { KubernetesObject } from "./objects.ts";
import { apiVersion, resources, type Plural } from "./resources.ts";
import type { Selector } from "./selector.ts";
import type { Change, Store } from "./store.ts";

export interface WatchRequest {
  readonly plural: Plural;
  readonly matches: Selector;
  /** Undefined or "0": what there is now comes first, as ADDED. */
  readonly resourceVersion: string | undefined;
  readonly bookmarks: boolean;
  /** Seconds until the server ends the stream. */
  readonly timeout: number;
}

/** Between two bookmarks, milliseconds at speed 1. */
const bookmarkInterval = 60_000;
/** A bookmark per second is the most that anybody wants, at whatever speed. */
const minimalBookmarkInterval = 1000;

/** Streams the writes to those who watch: one JSON object per line. */
export class Watches {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #open = new Set<(failure: object) => void>();
  #answer: "event" | "status" = "event";

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Makes every version before now too old, as compaction does, and ends the open streams with an ERROR event. A watch that
   * begins at such a version gets an ERROR event too (as from the watch cache), or HTTP 410 (as from etcd).
   */
  expire(answer: "event" | "status" = "event"): void {
    this.#answer = answer;
    this.#store.forget();
    for (const fail of this.#open) fail(expired(this.#store.version - 1, this.#store.version));
  }

  answer(request: WatchRequest): StandInAnswer {
    const fresh =
      request.resourceVersion === undefined ||
      request.resourceVersion === "" ||
      request.resourceVersion === "0";
    const version = fresh ? this.#store.version : Number(request.resourceVersion);
    const missed = this.#store.changesSince(version);
    const headers = { "content-type": "application/json" };
    if (missed === undefined) {
      const gone = expired(version, this.#store.version);
      if (this.#answer === "status") return { status: 410, json: gone };
      return { status: 200, headers, stream: async (response) => write(response, "ERROR", gone) };
    }
    return {
      status: 200,
      headers,
      stream: (response, closed) => this.#stream(request, fresh, missed, response, closed),
    };
  }

  async #stream(
    request: WatchRequest,
    fresh: boolean,
    missed: readonly Change[],
    response: ServerResponse,
    closed: AbortSignal,
  ): Promise<void> {
    response.flushHeaders();
    const { plural, matches } = request;
    if (fresh) {
      for (const object of this.#store.list(plural))
        if (matches(object)) write(response, "ADDED", object);
      if (request.bookmarks) this.#bookmark(plural, response);
    }
    for (const change of missed) pass(request, change, response);
    const stop = this.#store.subscribe((change) => pass(request, change, response));
    const interval = Math.max(this.#clock.scale(bookmarkInterval), minimalBookmarkInterval);
    const bookmarks = request.bookmarks
      ? setInterval(() => this.#bookmark(plural, response), interval)
      : undefined;
    await new Promise<void>((resolve) => {
      const end = () => {
        stop();
        clearInterval(bookmarks);
        clearTimeout(timeout);
        this.#open.delete(fail);
        resolve();
      };
      const fail = (failure: object) => {
        write(response, "ERROR", failure);
        end();
      };
      const timeout = setTimeout(end, request.timeout * 1000);
      this.#open.add(fail);
      if (closed.aborted) end();
      else closed.addEventListener("abort", end, { once: true });
    });
  }

  #bookmark(plural: Plural, response: ServerResponse): void {
    const metadata = { resourceVersion: String(this.#store.version), creationTimestamp: null };
    write(response, "BOOKMARK", {
      kind: resources[plural].kind,
      apiVersion: apiVersion(plural),
      metadata,
    });
  }
}

/** An object that begins to match a selector is ADDED for its watcher, one that ends to match is DELETED. */
function pass({ plural, matches }: WatchRequest, change: Change, response: ServerResponse): void {
  if (change.plural !== plural) return;
  const before = change.previous !== undefined && matches(change.previous);
  const after = change.type !== "DELETED" && matches(change.object);
  if (before && after) write(response, "MODIFIED", change.object);
  else if (after) write(response, "ADDED", change.object);
  else if (before) write(response, "DELETED", change.object);
}

function write(response: ServerResponse, type: string, object: KubernetesObject | object): void {
  response.write(`${JSON.stringify({ type, object })}\n`);
}
