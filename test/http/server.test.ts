import { request as httpRequest } from "node:http";
import pino from "pino";
import { createServer, type HttpServer } from "../../src/http/server.ts";

const silent = pino({ enabled: false });

let server: HttpServer;
let url: string;
let ready = true;
let messages: Parameters<typeof createServer>[0]["messages"];

beforeEach(async () => {
  ready = true;
  messages = async ({ read }, response) => void response.send(200, { got: await read() });
  server = createServer({
    messages: (request, response) => messages(request, response),
    ready: () => ready,
    log: silent,
  });
  url = await server.start(0, "127.0.0.1");
});

afterEach(() => server.stop());

function post(body: string, headers: Record<string, string> = {}) {
  return fetch(`${url}/api/messages`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });
}

describe("the HTTP server", () => {
  test("hands a message over as parsed JSON", async () => {
    const answer = await post('{"type":"message","text":"ümlaut"}', {
      "content-type": "application/json; charset=utf-8",
    });
    expect(await answer.json()).toEqual({ got: { type: "message", text: "ümlaut" } });
  });

  test("is alive, and says whether it is ready", async () => {
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    ready = false;
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  test.each([
    ["JSON that is none", "{oh", {}, 400],
    ["a body that is too large", JSON.stringify({ text: "x".repeat(300_000) }), {}, 413],
    ["a form", "a=1", { "content-type": "application/x-www-form-urlencoded" }, 415],
    ["a form with files", "--x", { "content-type": "multipart/form-data; boundary=x" }, 415],
    ["a compressed body", "x", { "content-encoding": "gzip" }, 415],
  ] as const)("P14 refuses %s in a few words", async (_, body, headers, status) => {
    const answer = await post(body, headers);
    expect(answer.status).toBe(status);
    expect(Object.keys((await answer.json()) as object).toSorted()).toEqual(["code", "message"]);
  });

  test.each([
    ["GET", "/api/messages", 405],
    ["GET", "/nothing", 404],
    ["POST", "/readyz", 405],
    ["GET", "/..%2f..%2fetc/passwd", 404],
  ])("answers %s %s with %d and nothing of itself", async (method, path, status) => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(
      `${url}${path}`,
      method === "POST" ? { method, body: "{}", headers } : { method },
    );
    expect(answer.status).toBe(status);
    expect(await answer.text()).not.toMatch(/\.ts|node_modules|\bat /);
  });

  test("keeps an error of its own to itself", async () => {
    messages = async () => {
      throw new Error("secret at /srv/omnibot");
    };
    const answer = await post("{}");
    expect(answer.status).toBe(500);
    expect(await answer.json()).toEqual({
      code: "InternalError",
      message: "Something went wrong.",
    });
  });

  test("lets a request end before it stops", async () => {
    let release: () => void = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const begun = new Promise<void>((begin) => {
      messages = async (_, response) => {
        begin();
        await released;
        response.send(200, { done: true });
      };
    });
    const answer = post("{}");
    await begun;
    const stopped = server.stop();
    await expect(fetch(`${url}/healthz`)).rejects.toThrow("fetch failed");
    release();
    expect(await (await answer).json()).toEqual({ done: true });
    await stopped;
  });

  test("does not start on an address that is taken", async () => {
    const other = createServer({ messages, ready: () => true, log: silent });
    await expect(other.start(Number(new URL(url).port), "127.0.0.1")).rejects.toThrow("EADDRINUSE");
  });

  test("stops although somebody keeps a connection open", async () => {
    const idle = httpRequest(`${url}/healthz`, {
      agent: false,
      headers: { connection: "keep-alive" },
    });
    await new Promise((resolve) =>
      idle.on("response", (response) => response.resume().on("end", resolve)).end(),
    );
    await server.stop();
    expect(idle.destroyed).toBe(true);
  });
});
