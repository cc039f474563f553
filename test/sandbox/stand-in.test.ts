import { StandIn, type Fault } from "../../sandbox/stand-in.ts";

describe("what can go wrong with a stand-in", () => {
  let standIn: StandIn;
  let things: string[];

  beforeEach(async () => {
    standIn = new StandIn("things");
    things = [];
    standIn.route("GET", "/things", () => ({ status: 200, json: things }));
    standIn.route("POST", "/things", (request) => {
      things.push(request.body.toString("utf8"));
      return { status: 201, json: { made: things.length } };
    });
    await standIn.listen();
  });

  afterEach(() => standIn.close());

  function goesWrong(fault: Partial<Fault>): Fault {
    const whole = { method: "POST", path: "^/things$", times: 1, ...fault };
    standIn.faults.push(whole);
    return whole;
  }

  function make(patience = 5000): Promise<Response> {
    const signal = AbortSignal.timeout(patience);
    return fetch(`${standIn.url}/things`, { method: "POST", body: "one", signal });
  }

  async function list(): Promise<unknown> {
    return (await fetch(`${standIn.url}/things`)).json();
  }

  test("an answer instead of the real one has no effect, so many times", async () => {
    goesWrong({ answer: { status: 503, headers: { "retry-after": "7" } }, times: 2 });
    for (const _ of [1, 2]) {
      const answer = await make();
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "7"]);
    }
    expect(things).toEqual([]);
    expect((await make()).status).toBe(201);
    expect(things).toEqual(["one"]);
  });

  test("an answer after the effect hides it", async () => {
    goesWrong({ answer: { status: 502, after: true } });
    expect((await make()).status).toBe(502);
    expect(things).toEqual(["one"]);
  });

  test.each([
    ["before", []],
    ["after", ["one"]],
  ] as const)("a reset %s the effect", async (reset, made) => {
    goesWrong({ reset });
    await expect(make()).rejects.toThrow("fetch failed");
    expect(things).toEqual(made);
  });

  test.each([
    [true, []],
    ["after", ["one"]],
  ] as const)("no answer (hang: %s)", async (hang, made) => {
    goesWrong({ hang });
    await expect(make(200)).rejects.toThrow("aborted due to timeout");
    expect(things).toEqual(made);
  });

  test("a slow answer is the real one", async () => {
    goesWrong({ delay: 300 });
    await expect(make(100)).rejects.toThrow("aborted due to timeout");
    goesWrong({ delay: 1 });
    expect(await (await make()).json()).toMatchObject({ made: expect.any(Number) });
  });

  test("a body that breaks off comes under its whole length, and its connection ends", async () => {
    goesWrong({ body: "broken-off" });
    const answer = await make();
    expect(answer.headers.get("content-length")).toBe(String('{"made":1}'.length));
    await expect(answer.text()).rejects.toThrow("terminated");
    expect(things).toEqual(["one"]);
  });

  test("a malformed body is the half of one, as if it were all", async () => {
    goesWrong({ body: "malformed" });
    const text = await (await make()).text();
    expect(text).toBe('{"mad');
  });

  test("a list that lags is as it was when it was asked for first, and then as it is", async () => {
    goesWrong({ method: "GET", stale: true, times: 3 });
    expect(await list()).toEqual([]);
    await make();
    expect([await list(), await list()]).toEqual([[], []]);
    expect(await list()).toEqual(["one"]);
  });

  test("a fault meets only its method, its path and its query", async () => {
    const fault = goesWrong({ method: "GET", query: "watch=", answer: { status: 500 } });
    expect(await list()).toEqual([]);
    expect(fault.times).toBe(1);
    expect((await fetch(`${standIn.url}/things?watch=1`)).status).toBe(500);
  });

  test("nobody is there between shut and open, and then at the same address", async () => {
    const { url } = standIn;
    await standIn.shut();
    await expect(list()).rejects.toThrow("fetch failed");
    await standIn.open();
    expect(standIn.url).toBe(url);
    expect(await list()).toEqual([]);
  });

  test("it can be told over HTTP, and says what it was asked", async () => {
    const fault = { path: "/things", answer: { status: 418 } };
    const body = JSON.stringify(fault);
    await fetch(`${standIn.url}/_sandbox/faults`, { method: "POST", body });
    expect((await make()).status).toBe(418);
    expect(standIn.journal).toMatchObject([
      { method: "POST", path: "/things", status: 418, body: "one" },
    ]);
    await fetch(`${standIn.url}/_sandbox/faults`, { method: "DELETE" });
    expect(standIn.faults).toEqual([]);
  });
});
