/** Ten durable steps with omnibot's ledger and engine: a deployment whose steps have nothing to do. */
import type { Environment } from "../src/config/config.ts";
import { createEngine } from "../src/deployment/engine.ts";
import type { World } from "../src/deployment/ports.ts";
import { done, type Step } from "../src/deployment/step.ts";
import { openDatabase } from "../src/store/database.ts";
import { createLedger } from "../src/store/ledger.ts";
import { migrate } from "../src/store/migrations.ts";
import { production } from "../test/production.ts";
import { race } from "./racer.ts";

const url = process.env["BENCH_POSTGRES"];
const withEffects = process.env["BENCH_EFFECTS"] === "1";
const database = openDatabase(
  url === undefined ? { file: process.env["BENCH_FILE"] ?? "" } : { url },
);
await migrate(database);
const ledger = createLedger(database.db);

const steps: readonly Step[] = Array.from({ length: 10 }, (_, i): Step => {
  const name = `step-${i}`;
  return {
    name,
    title: name,
    deadline: 60_000,
    async advance(_deployment, { once: effect }) {
      if (withEffects) {
        await effect(`nothing-${i}`, {
          find: () => Promise.resolve(undefined),
          act: () => Promise.resolve({ step: i }),
          facts: {},
        });
      }
      return done(name);
    },
  };
});

const environments = Object.fromEntries(
  Array.from({ length: 64 }, (_, i): [string, Environment] => [
    `e${i}`,
    { ...production, name: `e${i}` },
  ]),
);
const free = Object.keys(environments);
const waiting = new Map<number, () => void>();
const silent = { info() {}, warn() {}, error: (facts: object) => console.error(facts) };
const engine = createEngine({
  ledger,
  steps,
  environments,
  worldOf: () => ({}) as World,
  clock: { now: () => Date.now() },
  log: silent,
  owner: "bench",
  saved: ({ id, state }) => {
    if (state !== "active") waiting.get(id)?.();
  },
});
// Until the parent lets go, which ends the process.
void engine.run(new AbortController().signal);

let workflows = 0;
race(async () => {
  const environment = free.pop();
  if (environment === undefined) throw new Error("more workflows at once than environments");
  const number = (workflows += 1);
  const now = Date.now();
  const created = await ledger.create(
    {
      key: `bench-${number}`,
      kind: "deploy",
      environment,
      target: { from: "branch" },
      requester: { id: "nobody", name: "Nobody" },
      requestedAt: now,
      expiresAt: now + 60_000,
      progress: steps.map(({ name, title }) => ({ step: name, title, state: "pending" })),
    },
    { id: `bench-${number}`, conversation: "19:bench@thread.tacv2", reference: "{}" },
  );
  if (created.state !== "created") throw new Error(`the request is ${created.state}`);
  const ended = new Promise<void>((resolve) => waiting.set(created.deployment.id, resolve));
  engine.hint();
  await ended;
  waiting.delete(created.deployment.id);
  free.push(environment);
});
