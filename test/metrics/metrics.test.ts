import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createServer, get, type IncomingMessage } from "node:http";
import { once } from "node:events";
import { watchApiCalls, type ApiCall } from "../../src/metrics/api-calls.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { serveMetrics } from "../../src/metrics/serve.ts";
import { createServiceNames } from "../../src/metrics/services.ts";
import { completes } from "../../src/deployment/transitions.ts";
import {
  deploymentAt,
  environment,
  fakeClaim,
  FakeClock,
  fakeLedger,
} from "../deployment/fakes.ts";

const noCounts = { deployments: [], rows: { looking: 0, due: 0, waiting: 0 } };

function begin(counts: Parameters<typeof createMetrics>[0]["counts"] = async () => noCounts) {
  const clock = new FakeClock();
  return { clock, metrics: createMetrics({ steps: ["build", "sync"], counts, clock }) };
}

describe("metrics", () => {
  test("say what the ledger says, and that it is silent when it is", async () => {
    let silent = false;
    const { metrics } = begin(async () => {
      if (silent) throw new Error("away");
      const deployments = [{ environment: "production", kind: "deploy", state: "live", count: 7 }];
      return { deployments, rows: { looking: 1, due: 2, waiting: 3 } };
    });
    const { text, type } = await metrics.text();
    expect(type).toContain("text/plain");
    expect(text).toContain(
      'omnibot_deployments{environment="production",kind="deploy",state="live"} 7',
    );
    expect(text).toContain('omnibot_rows{status="due"} 2');
    expect(text).toContain("omnibot_ledger_up 1");
    expect(text).toContain("process_resident_memory_bytes");
    silent = true;
    const after = (await metrics.text()).text;
    expect(after).toContain("omnibot_ledger_up 0");
    expect(after).not.toMatch(/omnibot_deployments\{/);
  });

  test("measure a step once, when it has ended, and the time from a hint to its look", async () => {
    const { metrics, clock } = begin();
    const claim = fakeClaim(deploymentAt("build"), { dueAt: clock.now() - 250 });
    const { ledger } = fakeLedger({
      claim: () => Promise.resolve(claim),
      save: () => Promise.resolve({ state: "let-go" }),
    });
    const watched = metrics.watch(ledger);
    await watched.claim("one", clock.now(), clock.now() + 1000);
    const after = completes(claim.deployment, "build", "done", {}, clock.now() + 61_000);
    const update = { deployment: after, nextAt: 0, trouble: undefined, audit: [] };
    await watched.save(claim, update);
    await watched.save({ ...claim, deployment: after }, update);
    const { text } = await metrics.text();
    const labels = 'environment="production",step="build",result="done"';
    expect(text).toContain(`omnibot_step_duration_seconds_count{${labels}} 1`);
    expect(text).toContain(`omnibot_step_duration_seconds_sum{${labels}} 61`);
    expect(text).toContain('omnibot_look_delay_seconds_bucket{le="0.25"} 1');
    expect(text).toContain("omnibot_looks_total 2");
  });

  test("have few labels: a step that nobody knows is “other”", async () => {
    const { metrics, clock } = begin();
    const { ledger } = fakeLedger({ save: () => Promise.resolve({ state: "let-go" }) });
    const claim = fakeClaim(deploymentAt("roll-out"));
    const deployment = completes(claim.deployment, "roll-out", "done", {}, clock.now());
    await metrics
      .watch(ledger)
      .save(claim, { deployment, nextAt: 0, trouble: undefined, audit: [] });
    expect((await metrics.text()).text).toContain('step="other"');
  });

  test("are listed in docs/operating.md, every one of them", async () => {
    const { metrics } = begin();
    const { text } = await metrics.text();
    const names = [...text.matchAll(/^# TYPE (omnibot_\w+)/gm)].map(([, name]) => name);
    const page = readFileSync(join(import.meta.dirname, "../../docs/operating.md"), "utf8");
    const listed = [...page.matchAll(/^\| `(omnibot_\w+)/gm)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual(names.toSorted());
  });

  test("are served at one address, and nothing else is", async () => {
    const server = await serveMetrics(begin().metrics, 0, "127.0.0.1");
    expect(await (await fetch(server.address)).text()).toContain("omnibot_looks_total");
    expect((await fetch(server.address.replace("/metrics", "/"))).status).toBe(404);
    expect((await fetch(server.address, { method: "POST" })).status).toBe(404);
    await server.close();
  });
});

describe("HTTP requests", () => {
  test("are seen whoever sends them, with their service, their result and what is left", async () => {
    const service = createServer((request, response) => {
      if (request.url === "/reset") return void request.socket.destroy();
      response.writeHead(request.url === "/slow-down" ? 429 : 200, {
        "x-ratelimit-remaining": "41",
      });
      response.end();
    });
    service.listen(0, "127.0.0.1");
    await once(service, "listening");
    const address = service.address();
    const port = typeof address === "object" ? address?.port : 0;
    const url = `http://127.0.0.1:${port}`;
    const calls: ApiCall[] = [];
    const named = (host: string) => (host === `127.0.0.1:${port}` ? "ours" : host);
    const forget = watchApiCalls(named, (call) => void calls.push(call));
    await fetch(`${url}/fetch`);
    await fetch(`${url}/slow-down`);
    await fetch(`${url}/reset`).catch(() => {});
    const [answer] = (await once(get(`${url}/node`), "response")) as [IncomingMessage];
    await once(answer.resume(), "end");
    await once(get(`${url}/reset`), "error");
    forget();
    await fetch(`${url}/unseen`);
    expect(calls.map(({ service: name, result, remaining }) => [name, result, remaining])).toEqual([
      ["ours", "2xx", 41],
      ["ours", "429", 41],
      ["ours", "error", undefined],
      ["ours", "2xx", 41],
      ["ours", "error", undefined],
    ]);
    service.closeAllConnections();
    service.close();
  });

  test.each([
    ["api.github.com", "github"],
    ["dev.azure.com", "azure-devops"],
    ["dev.azure.com:443", "azure-devops"],
    ["omnispatial.azurecr.io", "registry"],
    ["10.0.0.1:6443", "kubernetes"],
    ["smba.trafficmanager.net", "teams"],
    ["login.botframework.com", "teams"],
    ["login.microsoftonline.com", "identity"],
    ["botframework.com.evil.example", "other"],
  ])("to %s are for %s", (host, service) => {
    const options = { githubUrl: undefined, kubernetes: ["https://10.0.0.1:6443"] };
    expect(createServiceNames([environment], options)(host)).toBe(service);
  });
});
