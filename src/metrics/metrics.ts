import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Deployment } from "../deployment/deployment.ts";
import type { Ledger } from "../deployment/ledger.ts";
import type { Clock } from "../deployment/ports.ts";
import type { ApiCall } from "./api-calls.ts";

/** What the ledger says at the moment of a scrape. */
interface Counts {
  readonly deployments: readonly {
    readonly environment: string;
    readonly kind: string;
    readonly state: string;
    readonly count: number;
  }[];
  readonly rows: { readonly looking: number; readonly due: number; readonly waiting: number };
}

export interface MetricsOptions {
  /** The names that the label `step` may have. */
  readonly steps: readonly string[];
  readonly counts: () => Promise<Counts>;
  readonly clock: Clock;
}

export interface Metrics {
  /** The same ledger, seen at work. */
  watch(ledger: Ledger): Ledger;
  readonly called: (call: ApiCall) => void;
  readonly hooked: (hook: string, status: number) => void;
  /** The text format of Prometheus, and its content type. */
  text(): Promise<{ readonly type: string; readonly text: string }>;
}

const seconds = {
  look: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  call: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  step: [1, 5, 15, 30, 60, 120, 300, 600, 1200, 3600, 7200],
};

/**
 * What omnibot counts. Names follow Prometheus' conventions; every label has few values: the configured environments, the steps,
 * the services, and words of omnibot's own. docs/operating.md lists them, and a test compares.
 */
export function createMetrics({ steps, counts, clock }: MetricsOptions): Metrics {
  const registers = [new Registry()];
  const [registry = new Registry()] = registers;
  collectDefaultMetrics({ register: registry });

  const deployments = new Gauge({
    name: "omnibot_deployments",
    help: "Deployments in the ledger, the same on every replica",
    labelNames: ["environment", "kind", "state"],
    registers,
  });
  const rows = new Gauge({
    name: "omnibot_rows",
    help: "Deployments that are worked on: looked at now, due, or waiting for their next look; the same on every replica",
    labelNames: ["status"],
    registers,
  });
  const ledgerUp = new Gauge({
    name: "omnibot_ledger_up",
    help: "Whether the ledger answered this scrape",
    registers,
  });
  const stepDuration = new Histogram({
    name: "omnibot_step_duration_seconds",
    help: "How long steps took that ended, waiting included",
    labelNames: ["environment", "step", "result"],
    buckets: seconds.step,
    registers,
  });
  const lookDelay = new Histogram({
    name: "omnibot_look_delay_seconds",
    help: "From the moment in which a look was due, or hinted at, until it began",
    buckets: seconds.look,
    registers,
  });
  const looks = new Counter({
    name: "omnibot_looks_total",
    help: "Looks at deployments that this process has saved",
    registers,
  });
  const calls = new Counter({
    name: "omnibot_api_requests_total",
    help: "HTTP requests to services",
    labelNames: ["service", "result"],
    registers,
  });
  const callDuration = new Histogram({
    name: "omnibot_api_request_duration_seconds",
    help: "Until the head of the answer",
    labelNames: ["service"],
    buckets: seconds.call,
    registers,
  });
  const remaining = new Gauge({
    name: "omnibot_api_rate_limit_remaining",
    help: "What the service's newest answer said is left",
    labelNames: ["service"],
    registers,
  });
  const hooks = new Counter({
    name: "omnibot_hooks_total",
    help: "Calls of Azure DevOps, GitHub and Flux that something has changed",
    labelNames: ["hook", "status"],
    registers,
  });

  function saved(before: Deployment, after: Deployment): void {
    looks.inc();
    for (const one of after.progress) {
      const known = before.progress.find(({ step }) => step === one.step);
      if (one.startedAt === undefined || one.endedAt === undefined) continue;
      if (known?.endedAt === one.endedAt) continue;
      const step = steps.includes(one.step) ? one.step : "other";
      const labels = { environment: after.environment, step, result: one.state };
      stepDuration.observe(labels, Math.max(0, one.endedAt - one.startedAt) / 1000);
    }
  }

  async function readLedger(): Promise<void> {
    try {
      const now = await counts();
      deployments.reset();
      for (const { count, ...labels } of now.deployments) deployments.set(labels, count);
      for (const [status, count] of Object.entries(now.rows)) rows.set({ status }, count);
      ledgerUp.set(1);
    } catch {
      // What it said before is no news; that it is silent is.
      deployments.reset();
      rows.reset();
      ledgerUp.set(0);
    }
  }

  return {
    watch: (ledger) => ({
      ...ledger,
      async claim(owner, now, leaseUntil) {
        const claim = await ledger.claim(owner, now, leaseUntil);
        if (claim !== undefined) lookDelay.observe(Math.max(0, clock.now() - claim.dueAt) / 1000);
        return claim;
      },
      async save(claim, update, keepUntil) {
        const done = await ledger.save(claim, update, keepUntil);
        if (done.state !== "lost") saved(claim.deployment, update.deployment);
        return done;
      },
    }),
    called({ service, result, milliseconds, remaining: left }) {
      calls.inc({ service, result });
      callDuration.observe({ service }, milliseconds / 1000);
      if (left !== undefined) remaining.set({ service }, left);
    },
    hooked: (hook, status) => hooks.inc({ hook, status: String(status) }),
    async text() {
      await readLedger();
      return { type: registry.contentType, text: await registry.metrics() };
    },
  };
}
