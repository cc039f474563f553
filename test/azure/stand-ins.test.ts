import { createCredential } from "../../src/azure/credential.ts";
import { createDevOps } from "../../src/azure/devops.ts";
import { createPipelines } from "../../src/azure/pipelines.ts";
import { createRegistry } from "../../src/azure/registry.ts";
import type { RunState } from "../../src/deployment/ports.ts";
import { startAzureDevOps, type AzureDevOps } from "../../sandbox/azure-devops/azure-devops.ts";
import { startIdentity, type Identity } from "../../sandbox/identity/identity.ts";
import { startRegistry, type Registry } from "../../sandbox/registry/registry.ts";
import type { Scenario } from "../../sandbox/scenario.ts";
import { production } from "../production.ts";
import { headOf } from "./head.ts";
import { troubleOf } from "../trouble.ts";

const { build } = production;

/** The adapters against the services' stand-ins, over the wire, signed in by a managed identity as in production. */
let identity: Identity;
let registry: Registry;
let devOps: AzureDevOps;
let scenario: Scenario;
const environment = { ...process.env };

// One for all: @azure/identity keeps the tokens of managed identities for as long as the process lives.
beforeAll(async () => {
  identity = await startIdentity();
  process.env["IDENTITY_ENDPOINT"] = identity.endpoint;
  process.env["IDENTITY_HEADER"] = identity.header;
});

afterAll(async () => {
  process.env = { ...environment };
  await identity.close();
});

beforeEach(async () => {
  scenario = "success";
  registry = await startRegistry({ identity });
  devOps = await startAzureDevOps({
    speed: 400,
    identity,
    scenario: () => scenario,
    push: (tag, content) => registry.push("omnispatial/web", tag, content),
  });
});

afterEach(async () => {
  await Promise.all([devOps.close(), registry.close()]);
});

function signIn() {
  return createCredential({ kind: "managed-identity" });
}

function pipelines(parameters: Record<string, string> = build.parameters) {
  const config = { ...build, organization: devOps.url, parameters };
  return createPipelines({
    environment: { build: config },
    devOps: createDevOps(devOps.url, { kind: "entra", credential: signIn() }),
  });
}

async function follow(
  ours: ReturnType<typeof pipelines>,
  id: number,
): Promise<[RunState, Set<string>]> {
  const sentences = new Set<string>();
  for (;;) {
    const run = await ours.readRun(id);
    if (run.state === "succeeded" || run.state === "failed") return [run, sentences];
    sentences.add(run.sentence);
  }
}

test("P7 the approved commit is built, and its image is found with every digest of it", async () => {
  const ours = pipelines();
  const head = await headOf(ours);
  const request = { key: "d-1", commit: head.id };
  devOps.pushCommit({ message: "Pushed between approval and start", author: "Diego Siciliani" });

  const since = Date.now();
  expect(await ours.findRun(request, since)).toBeUndefined();
  const run = await ours.startRun(request);
  expect(run).toMatchObject({ id: 40672, commit: head.id });
  expect(await ours.findRun(request, since)).toMatchObject({ id: 40672, commit: head.id });

  const [end, sentences] = await follow(ours, 40672);
  expect(end).toMatchObject({ state: "succeeded", run: { id: 40672, commit: head.id } });
  expect([...sentences].join()).toMatch(/Stage \d of 2: /);
  expect(await ours.readBuild(40672)).toMatchObject({ commit: head.id });

  const image = { registry: registry.url, repository: "omnispatial/web", access: "entra" } as const;
  const found = await createRegistry({ image, credential: signIn() }).resolve("production-40672");
  const stored = registry.describe("omnispatial/web", "production-40672");
  expect(found).toMatchObject({ state: "found", digest: stored?.digest });
  expect(found).toHaveProperty(
    "digests",
    expect.arrayContaining([...(stored?.platformDigests ?? ["missing"])]),
  );
});

test("P8 an image that never reached the registry is absent", async () => {
  const image = { registry: registry.url, repository: "omnispatial/web", access: "entra" } as const;
  const ours = createRegistry({ image, credential: signIn() });
  expect(await ours.resolve("production-40672")).toEqual({ state: "absent" });
});

test("P5 a run whose answer was lost is found, not started again", async () => {
  const ours = pipelines();
  const request = { key: "d-1", commit: (await headOf(ours)).id };
  const since = Date.now();
  devOps.standIn.faults.push({ method: "POST", path: "/runs$", times: 1, reset: "after" });
  expect(await troubleOf(ours.startRun(request))).toMatchObject({ effect: "unknown" });
  expect(await ours.findRun(request, since)).toMatchObject({ id: 40672, commit: request.commit });
  expect(devOps.runs).toHaveLength(1);
});

test("a build that fails shows the task and the end of its log", async () => {
  scenario = "build-fails";
  const ours = pipelines();
  await ours.startRun({ key: "d-1", commit: (await headOf(ours)).id });
  const [end] = await follow(ours, 40672);
  expect(end).toMatchObject({
    state: "failed",
    code: "pipeline-failed",
    detail: 'Task "Unit tests" failed: 1 of 214 tests failed',
    excerpt: { title: 'Log of "Unit tests"' },
    url: expect.stringContaining("buildId=40672"),
  });
  const lines = end.state === "failed" ? end.excerpt?.lines : [];
  expect(lines).toContain('    Expected: "500 m"');
  expect(lines?.at(-1)).toBe("Bash exited with code '1'.");
});

test("a parameter that the pipeline does not declare is refused", async () => {
  const ours = pipelines({ environment: "production", colour: "blue" });
  const start = ours.startRun({ key: "d-1", commit: (await headOf(ours)).id });
  expect(await start).toMatchObject({ state: "failed", code: "run-not-started" });
  expect(devOps.runs).toHaveLength(0);
});

test("the changes since the live build are told, newest first", async () => {
  const ours = pipelines();
  const head = await headOf(ours);
  const changes = await ours.readChanges(40655, head.id);
  expect(changes?.commits[0]).toEqual(head);
  expect(changes?.count).toBeGreaterThan(1);
  expect(changes?.workItems?.[0]).toEqual({
    id: 4431,
    title: "Printed maps have no scale bar",
    url: `${devOps.url}/OmniSpatial/_workitems/edit/4431`,
  });
  for (const url of [changes?.url, changes?.workItems?.[0]?.url]) {
    expect((await fetch(url ?? "")).status).toBe(200);
  }
});
