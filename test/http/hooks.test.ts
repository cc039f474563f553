import { request } from "node:http";
import pino from "pino";
import type { Hint, Hook } from "../../src/deployment/hints.ts";
import { createHooks } from "../../src/http/hooks.ts";
import { createServer, type HttpServer } from "../../src/http/server.ts";

const hint: Hint = { about: "run" };
const heard: Hint[] = [];
const warned: object[] = [];
let failing = false;

const door: Hook = async ({ headers, body }) => {
  if (headers["x-secret"] !== "open") return { state: "refused" };
  if (body.toString() === "junk") return { state: "unreadable" };
  return { state: "heard", hints: [hint] };
};

let server: HttpServer;
let url: string;

beforeAll(async () => {
  const log = { warn: (facts: object) => void warned.push(facts) };
  const hooks = createHooks({
    hooks: new Map([["door", door]]),
    hear: async (one) => {
      if (failing) throw new Error("the ledger is away");
      heard.push(one);
    },
    log,
  });
  const messages = () => Promise.reject(new Error("is not expected here"));
  server = createServer({ messages, hooks, ready: () => true, log: pino({ enabled: false }) });
  url = await server.start(0, "127.0.0.1");
});

afterAll(() => server.stop());

beforeEach(() => {
  heard.length = 0;
  warned.length = 0;
  failing = false;
});

function call(body: string, headers: Record<string, string> = {}, name = "door") {
  const given = { "content-type": "application/json", "x-secret": "open", ...headers };
  return fetch(`${url}/api/hooks/${name}`, { method: "POST", body, headers: given });
}

describe("the addresses for hints", () => {
  test("hand the very bytes over, and answer 202 with nothing", async () => {
    const answer = await call('{ "a" : 1 }');
    expect(answer.status).toBe(202);
    expect(await answer.text()).toBe("");
    expect(heard).toEqual([hint]);
  });

  test.each([
    ["a wrong secret", "{}", { "x-secret": "guess" }, 401],
    ["what cannot be read", "junk", {}, 400],
    ["a form", "a=1", { "content-type": "application/x-www-form-urlencoded" }, 415],
    ["a compressed body", "x", { "content-encoding": "gzip" }, 415],
    ["a body that is too large", "x".repeat(1024 * 1024 + 1), {}, 413],
  ])("P14 refuse %s without a word about why", async (_, body, headers, status) => {
    const answer = await call(body, headers);
    expect(answer.status).toBe(status);
    expect(await answer.text()).not.toMatch(/secret|signature|token|\.ts/i);
    expect(heard).toEqual([]);
  });

  test("are not there where there is no secret for them", async () => {
    expect((await call("{}", {}, "github")).status).toBe(404);
    expect((await call("{}", {}, "__proto__")).status).toBe(404);
  });

  test("P3 hear what is replayed once, also when it comes three times at once", async () => {
    const statuses = await Promise.all([call('{"b":1}'), call('{"b":1}'), call('{"b":1}')]);
    expect(statuses.map(({ status }) => status)).toEqual([202, 202, 202]);
    await call('{"b":1}');
    expect(heard).toHaveLength(1);
  });

  test("tell of refusals once a minute, however many come", async () => {
    for (let sent = 0; sent < 20; sent += 1) await call(`${sent}`, { "x-secret": "guess" });
    // One was told by the test above.
    expect(warned.length).toBeLessThanOrEqual(1);
  });

  test("answer although the hint is lost", async () => {
    failing = true;
    expect((await call('{"c":1}')).status).toBe(202);
    expect(warned).toHaveLength(1);
  });

  test("P14 do not read a body without end that does not say its length", async () => {
    const status = await new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
      const sending = request(`${url}/api/hooks/door`, { method: "POST", headers, agent: false });
      sending.on("response", (answer) => {
        resolve(answer.statusCode);
        sending.destroy();
      });
      sending.on("error", reject);
      for (let i = 0; i < 5; i += 1) sending.write("x".repeat(256 * 1024));
    });
    expect(status).toBe(413);
  });

  test("read sixteen bodies at a time, and send others away for now", async () => {
    const open = Array.from({ length: 16 }, () => {
      const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
      const sending = request(`${url}/api/hooks/door`, { method: "POST", headers, agent: false });
      sending.on("error", () => {});
      sending.write("{");
      return sending;
    });
    expect(await becomes(503)).toBe(true);
    for (const sending of open) sending.destroy();
    expect(await becomes(202)).toBe(true);
  });
});

/** Whether a call is answered so sooner or later. */
async function becomes(status: number): Promise<boolean> {
  for (let tries = 0; tries < 500; tries += 1)
    if ((await call("{}")).status === status) return true;
  return false;
}
