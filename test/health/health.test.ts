import { once } from "node:events";
import { createServer } from "node:https";
import { expiredCertificate } from "../../sandbox/app/certificate.ts";
import { StandIn } from "../../sandbox/stand-in.ts";
import { createHealth } from "../../src/health/health.ts";
import { nock, withoutNetwork } from "../without-network.ts";

let app: StandIn;
let url: string;

beforeEach(async () => {
  app = new StandIn("app");
  app.route("GET", "/healthz", () => ({ status: 200, body: "ok" }));
  app.route("GET", "/busy", () => ({ status: 503, body: "no" }));
  app.route("GET", "/moved", () => ({ status: 302, headers: { location: "/healthz" } }));
  app.route("GET", "/endless", () => ({
    status: 200,
    stream: async (response, closed) => {
      response.write("x".repeat(1000));
      await once(closed, "abort");
    },
  }));
  url = await app.listen();
});

afterEach(() => app.close());
withoutNetwork();

const check = async (address: string, status = 200) =>
  (await createHealth([{ name: "web", url: address, status }]).check())[0];

test("an endpoint that answers as expected is well", async () => {
  expect(await check(`${url}/healthz`)).toEqual({ name: "web", ok: true, answer: "200" });
  expect(await check(`${url}/busy`, 503)).toMatchObject({ ok: true });
});

test("another status is not", async () => {
  expect(await check(`${url}/busy`)).toEqual({
    name: "web",
    ok: false,
    answer: "answers 503, expected 200",
  });
});

test("a redirect is an answer, and is not followed", async () => {
  expect(await check(`${url}/moved`)).toMatchObject({ answer: "answers 302, expected 200" });
  expect(app.journal).toHaveLength(1);
});

test("a body without an end is not waited for", async () => {
  expect(await check(`${url}/endless`)).toMatchObject({ ok: true });
});

test("all endpoints are asked, each by its name", async () => {
  const health = createHealth([
    { name: "web", url: `${url}/healthz`, status: 200 },
    { name: "api", url: `${url}/busy`, status: 200 },
  ]);
  expect((await health.check()).map(({ name, ok }) => [name, ok])).toEqual([
    ["web", true],
    ["api", false],
  ]);
});

test("nobody there, and a connection that is lost, are answers, too", async () => {
  await app.close();
  expect(await check(`${url}/healthz`)).toMatchObject({
    ok: false,
    answer: "does not answer: connection refused",
  });
  app = new StandIn("app");
  app.faults.push({ path: ".*", times: 1, reset: "before" });
  expect(await check(`${await app.listen()}/`)).toMatchObject({
    answer: expect.stringMatching(/^does not answer: connection (lost|reset)$/),
  });
});

test("an endpoint that does not answer in time is given up", async () => {
  app.faults.push({ path: "/healthz", times: 1, hang: true });
  const endpoint = { name: "web", url: `${url}/healthz`, status: 200 };
  expect(await createHealth([endpoint], 50).check()).toEqual([
    { name: "web", ok: false, answer: "does not answer in time", trouble: "unreachable" },
  ]);
});

test("a certificate that is not valid is told as that", async () => {
  nock("http://app.example")
    .get("/healthz")
    .replyWithError(Object.assign(new Error("expired"), { code: "CERT_HAS_EXPIRED" }));
  expect(await check("http://app.example/healthz")).toEqual({
    name: "web",
    ok: false,
    answer: "certificate not valid: it has expired",
    trouble: "certificate",
  });
});

test("a certificate that has expired is told on a real connection", async () => {
  const server = createServer(expiredCertificate(), (_, response) => response.end("ok"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  try {
    expect(await check(`https://127.0.0.1:${port}/healthz`)).toMatchObject({
      answer: "certificate not valid: it has expired",
      trouble: "certificate",
    });
  } finally {
    server.close();
  }
});

describe("an endpoint that says its version", () => {
  const commit = "4be1f02d".padEnd(40, "0");
  const asked = async (body: string) => {
    nock("http://app.example").get("/healthz").reply(200, body);
    const endpoint = { name: "web", url: "http://app.example/healthz", status: 200 };
    const health = createHealth([{ ...endpoint, version: ["build", "version"] }]);
    return (await health.check({ tag: "production-40672", commit }))[0];
  };
  const says = (version: unknown) => asked(JSON.stringify({ build: { version } }));

  test.each(["production-40672", "40672", 40672, "4be1f02", commit])(
    "is well as %s",
    async (version) => {
      expect(await says(version)).toEqual({ name: "web", ok: true, answer: "200" });
    },
  );

  test.each([
    ["production-40655", "answers as version production-40655, expected production-40672"],
    ["0672", "answers as version 0672, expected production-40672"],
    ["4be1f0", "answers as version 4be1f0, expected production-40672"],
    [null, "answers without a version, expected production-40672"],
  ])("is another version as %s", async (version, answer) => {
    expect(await says(version)).toEqual({ name: "web", ok: false, answer, trouble: "version" });
  });

  test("says nothing in what is no JSON, and in what has no end", async () => {
    expect(await asked("<html>")).toMatchObject({ trouble: "version" });
    const endpoint = { name: "web", url: `${url}/endless`, status: 200, version: ["version"] };
    expect(await createHealth([endpoint], 300).check({ tag: "a-1" })).toMatchObject([
      { ok: false, answer: "does not answer in time" },
    ]);
  });

  test("is only asked for its status where nobody says what is wanted", async () => {
    nock("http://app.example").get("/healthz").reply(200, "{}");
    const endpoint = { name: "web", url: "http://app.example/healthz", status: 200 };
    expect(await createHealth([{ ...endpoint, version: ["version"] }]).check()).toMatchObject([
      { ok: true },
    ]);
  });
});
