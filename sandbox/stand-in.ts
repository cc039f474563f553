import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

/** A request as a stand-in's route sees it. `params` are the decoded named parts of the route's pattern. */
export interface StandInRequest {
  readonly method: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  json(): unknown;
}

export interface StandInAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: string | Buffer;
  /** Takes over the response, for streams; resolves when the stream ended. */
  readonly stream?: (response: ServerResponse, closed: AbortSignal) => Promise<void>;
}

export type Route = (request: StandInRequest) => StandInAnswer | Promise<StandInAnswer>;

/**
 * Something that goes wrong, for the next `times` requests that match. `answer` replaces the real answer before anything
 * happened; `reset: "before"` closes the connection unread, `reset: "after"` loses the answer after its effect; `hang` never
 * answers, `hang: "after"` does what was asked first; `delay` (milliseconds) makes it slow; `body` gives the real answer with
 * a body that cannot be used: it breaks off with its connection, or ends too soon; `stale` answers each path the first time as
 * things are, and then as they were: a list that lags behind.
 */
export interface Fault {
  readonly method?: string;
  /** A regular expression for the path. */
  readonly path: string;
  /** A regular expression for the query, with its question mark. */
  readonly query?: string;
  times: number;
  readonly delay?: number;
  /** Holds the request, or the answer after its effect, until somebody in this process lets it go. */
  readonly gate?: { readonly at: "request" | "answer"; readonly open: Promise<void> };
  readonly reset?: "before" | "after";
  readonly hang?: boolean | "after";
  readonly answer?: {
    readonly status: number;
    readonly headers?: Record<string, string>;
    readonly body?: string;
    /** Does what was asked first, as behind a gateway that loses the answer. */
    readonly after?: boolean;
  };
  readonly body?: "broken-off" | "malformed";
  readonly stale?: true;
}

/** What was asked and answered, in order: the witness of every test. */
export interface JournalEntry {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body: string;
}

const maxBody = 8 * 1024 * 1024;

/**
 * A small HTTP server that speaks some vendor's wire protocol. Besides its routes it answers `GET /_sandbox/journal`,
 * `GET|POST|DELETE /_sandbox/faults`.
 */
export class StandIn {
  readonly name: string;
  readonly journal: JournalEntry[] = [];
  readonly faults: Fault[] = [];
  readonly #routes: { method: string; pattern: RegExp; names: string[]; route: Route }[] = [];
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #closing = new AbortController();
  /** What `stale` faults answered first, by path. */
  readonly #remembered = new WeakMap<Fault, Map<string, StandInAnswer>>();
  #url = "";

  constructor(name: string) {
    this.name = name;
    this.route("GET", "/_sandbox/journal", () => ({ status: 200, json: this.journal }));
    this.route("GET", "/_sandbox/faults", () => ({ status: 200, json: this.faults }));
    this.route("POST", "/_sandbox/faults", (request) => {
      const fault = request.json() as Omit<Fault, "times"> & Partial<Fault>;
      this.faults.push({ ...fault, times: fault.times ?? 1 });
      return { status: 204 };
    });
    this.route("DELETE", "/_sandbox/faults", () => {
      this.faults.length = 0;
      return { status: 204 };
    });
  }

  get url(): string {
    return this.#url;
  }

  /**
   * Adds a route. In the pattern `:name` is one path segment (decoded; an encoded slash stays in it) and `*name` is the rest
   * of the path. The first route that matches answers.
   */
  route(method: string, pattern: string, route: Route): void {
    const names: string[] = [];
    const source = pattern
      .replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&")
      .replaceAll(/([:*])(\w+)/g, (_, kind, name) => {
        names.push(String(name));
        return kind === ":" ? "([^/]+)" : "(.*)";
      });
    this.#routes.push({ method, pattern: new RegExp(`^${source}$`), names, route });
  }

  async listen(port = 0, host = "127.0.0.1"): Promise<string> {
    this.#server.listen(port, host);
    await once(this.#server, "listening");
    const address = this.#server.address();
    if (address === null || typeof address === "string")
      throw new Error(`${this.name} has no port`);
    this.#url = `http://${host}:${address.port}`;
    return this.#url;
  }

  /** Closes the port: whoever connects is refused, until `open`. */
  async shut(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Listens again where it did before. */
  async open(): Promise<void> {
    const { hostname, port } = new URL(this.#url);
    await this.listen(Number(port), hostname);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#server.closeAllConnections();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#answer(incoming, response);
    } catch (error) {
      if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" });
      response.end(
        `${this.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    }
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = incoming.method ?? "GET";
    const url = new URL(incoming.url ?? "/", "http://stand-in");
    const control = url.pathname.startsWith("/_sandbox/");
    const fault = control ? undefined : this.#nextFault(method, url);
    if (fault?.reset === "before") return void incoming.socket.destroy();
    const body = await readBody(incoming);
    if (fault?.delay !== undefined)
      await delay(fault.delay, undefined, { signal: this.#closing.signal }).catch(() => {});
    if (fault?.gate?.at === "request") await fault.gate.open;
    if (fault?.hang === true) return;
    const routed =
      fault?.answer === undefined || fault.answer.after === true
        ? await this.#route(method, url, incoming, body)
        : undefined;
    const current = fault?.answer ?? routed ?? { status: 500 };
    const answer = fault?.stale === true ? this.#remember(fault, url.pathname, current) : current;
    if (!control) {
      const entry = {
        at: Date.now(),
        method,
        path: url.pathname + url.search,
        status: answer.status,
      };
      this.journal.push({ ...entry, body: body.toString("utf8") });
    }
    if (fault?.gate?.at === "answer") await fault.gate.open;
    // The request is read to its end by now: destroying it alone would leave the connection open.
    if (fault?.reset === "after") return void incoming.socket.destroy();
    if (fault?.hang === "after") return;
    if (fault?.body !== undefined) return spoil(answer, fault.body, response);
    await this.#send(answer, incoming, response);
  }

  #remember(fault: Fault, path: string, current: StandInAnswer): StandInAnswer {
    const answers = this.#remembered.get(fault) ?? new Map<string, StandInAnswer>();
    this.#remembered.set(fault, answers);
    // A copy: routes may answer with the very things that change.
    const answer = answers.get(path) ?? { ...current, json: structuredClone(current.json) };
    answers.set(path, answer);
    return answer;
  }

  #nextFault(method: string, { pathname, search }: URL): Fault | undefined {
    const fault = this.faults.find(
      (one) =>
        one.times > 0 &&
        (one.method ?? method) === method &&
        new RegExp(one.path).test(pathname) &&
        new RegExp(one.query ?? "").test(search),
    );
    if (fault !== undefined) fault.times -= 1;
    return fault;
  }

  async #route(
    method: string,
    url: URL,
    incoming: IncomingMessage,
    body: Buffer,
  ): Promise<StandInAnswer> {
    for (const { method: wanted, pattern, names, route } of this.#routes) {
      const match = wanted === method ? pattern.exec(url.pathname) : null;
      if (match === null) continue;
      const params = Object.fromEntries(
        names.map((name, i) => [name, decodeURIComponent(match[i + 1] ?? "")]),
      );
      const json = () => JSON.parse(body.toString("utf8")) as unknown;
      return await route({
        method,
        path: url.pathname,
        params,
        query: url.searchParams,
        headers: incoming.headers,
        body,
        json,
      });
    }
    return {
      status: 404,
      json: {
        message: "Not Found",
        documentation_url: `${this.name} knows no ${method} ${url.pathname}`,
      },
    };
  }

  async #send(
    answer: StandInAnswer,
    incoming: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (answer.stream !== undefined) {
      const closed = new AbortController();
      incoming.once("close", () => closed.abort());
      response.once("close", () => closed.abort());
      response.writeHead(answer.status, answer.headers);
      await answer.stream(response, AbortSignal.any([closed.signal, this.#closing.signal]));
      response.end();
      return;
    }
    const json =
      answer.json === undefined ? {} : { "content-type": "application/json; charset=utf-8" };
    response.writeHead(answer.status, { ...json, ...answer.headers });
    response.end(answer.json === undefined ? answer.body : JSON.stringify(answer.json));
  }
}

/** The first half of the answer: under the length of the whole, so that it breaks off, or as if it were all. */
function spoil(
  { status, headers, json, body = "" }: StandInAnswer,
  how: "broken-off" | "malformed",
  response: ServerResponse,
): void {
  const whole = Buffer.from(json === undefined ? body : JSON.stringify(json));
  const half = whole.subarray(0, Math.floor(whole.length / 2));
  const length = how === "broken-off" ? whole.length : half.length;
  const type = json === undefined ? {} : { "content-type": "application/json; charset=utf-8" };
  response.writeHead(status, { ...type, ...headers, "content-length": length });
  if (how === "malformed") response.end(half);
  else response.write(half, () => response.destroy());
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxBody) throw new Error(`the body is larger than ${maxBody} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
