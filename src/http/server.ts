import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Logger } from "pino";
import restify, { type Next, type Request, type Response, type Server } from "restify";
import { readJson, Unreadable } from "./body.ts";
import type { Answer } from "./hooks.ts";

/** A request whose body is still on its way: it is read when somebody asks for it. */
export interface JsonRequest {
  readonly headers: IncomingHttpHeaders;
  /** The parsed body. What it throws, the server answers. */
  readonly read: () => Promise<unknown>;
}

export interface HttpServerOptions {
  /** Answers `POST /api/messages`. */
  readonly messages: (request: JsonRequest, response: Response) => Promise<void>;
  /** Answers `POST /api/hooks/<name>`, which reads the body by itself. */
  readonly hooks?: (name: string, call: IncomingMessage) => Promise<Answer>;
  /** Whether this process can do its work now: `/readyz` says so. */
  readonly ready: () => boolean;
  /** Whether it begins nothing new: said there too, and no reason to send it nothing. */
  readonly maintenance?: boolean;
  readonly log: Logger;
}

export interface HttpServer {
  /** Listens; port 0 takes a free one. Returns the address. */
  readonly start: (port: number, host: string) => Promise<string>;
  /** Takes no new connection, lets the open requests end, and closes what is left after ten seconds. */
  readonly stop: () => Promise<void>;
}

/** Teams sends a few kilobytes; a megabyte is not a message. */
const maxBodySize = 256 * 1024;
const requestTimeout = 15_000;
const headersTimeout = 10_000;
const keepAliveTimeout = 65_000;
const drainTime = 10_000;
const sweepInterval = 50;

/** What a caller may know about an error: nothing of ours. */
const sentences: Readonly<Record<number, string>> = {
  400: "The request cannot be read.",
  404: "There is nothing here.",
  405: "This method is not allowed here.",
  413: "The body is too large.",
  415: "The body has to be plain JSON.",
};

export function createServer(options: HttpServerOptions): HttpServer {
  const server = restify.createServer({ name: "omnibot" });
  server.server.requestTimeout = requestTimeout;
  server.server.headersTimeout = headersTimeout;
  server.server.keepAliveTimeout = keepAliveTimeout;
  // Node looks every 30 seconds only, which would make the others twice and three times as long.
  Object.assign(server.server, { connectionsCheckingInterval: 1000 });
  server.pre(plainJsonOnly);
  server.on(
    "restifyError",
    (_request: Request, _response: Response, error: unknown, done: () => void) => {
      keepToOneself(error);
      done();
    },
  );

  server.get("/healthz", async (_request: Request, response: Response) => {
    response.send(200, { status: "ok" });
  });
  server.get("/readyz", async (_request: Request, response: Response) => {
    const ready = options.ready();
    const { maintenance = false } = options;
    const status = ready ? "ready" : "not ready";
    response.send(ready ? 200 : 503, maintenance ? { status, maintenance } : { status });
  });
  const { hooks = () => Promise.resolve<Answer>({ status: 404 }) } = options;
  server.post("/api/hooks/:name", async (request: Request, response: Response) => {
    const { status, close = false } = await hooks(String(request.params["name"]), request).catch(
      (error: unknown): Answer => {
        options.log.error({ err: error }, "a hook could not be answered");
        return { status: 500, close: true };
      },
    );
    if (close) response.header("connection", "close");
    response.send(status);
  });
  server.post("/api/messages", async (request: Request, response: Response) => {
    const read = () => readJson(request, maxBodySize);
    try {
      await options.messages({ headers: request.headers, read }, response);
    } catch (error) {
      if (error instanceof Unreadable) {
        const code = error.status === 413 ? "PayloadTooLarge" : "BadRequest";
        response.send(error.status, { code, message: sentences[error.status] });
        return;
      }
      options.log.error({ err: error }, "a message could not be answered");
      if (!response.headersSent)
        response.send(500, { code: "InternalError", message: "Something went wrong." });
    }
  });

  return { start: (port, host) => start(server, port, host), stop: () => stop(server) };
}

/** Refuses what nobody here reads: forms, files, compressed bodies. */
function plainJsonOnly(request: Request, response: Response, next: Next): void {
  const { method } = request;
  const encoding = request.headers["content-encoding"] ?? "identity";
  const type = request.headers["content-type"] ?? "";
  if (method !== "POST" || (encoding === "identity" && /^application\/json\b/i.test(type)))
    return next();
  response.send(415, { code: "UnsupportedMediaType", message: sentences[415] });
  next(false);
}

/** Replaces the text of an error that restify is about to send. */
function keepToOneself(error: unknown): void {
  if (typeof error !== "object" || error === null) return;
  const status =
    "statusCode" in error && typeof error.statusCode === "number" ? error.statusCode : 500;
  const name =
    "name" in error && typeof error.name === "string"
      ? error.name.replace(/Error$/, "")
      : "Internal";
  const body = {
    code: status < 500 ? name : "Internal",
    message: sentences[status] ?? "Something went wrong.",
  };
  Object.assign(error, { toJSON: () => body, toString: () => body.message });
}

async function start(server: Server, port: number, host: string): Promise<string> {
  const listening = once(server, "listening");
  server.listen(port, host);
  await listening;
  const address = server.server.address();
  if (address === null || typeof address === "string")
    throw new Error("the HTTP server has no port");
  return `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`;
}

async function stop(server: Server): Promise<void> {
  if (!server.server.listening) return;
  const late = setTimeout(() => server.server.closeAllConnections(), drainTime);
  // A connection whose answer is out stays open for the next request, and Node does not close it by itself.
  const sweep = setInterval(() => server.server.closeIdleConnections(), sweepInterval);
  const closed = once(server.server, "close");
  server.server.close();
  await closed;
  clearInterval(sweep);
  clearTimeout(late);
}
