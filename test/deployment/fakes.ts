import type { Environment } from "../../src/config/config.ts";
import type { Deployment, Progress } from "../../src/deployment/deployment.ts";
import type { Claim, Effect, Ledger } from "../../src/deployment/ledger.ts";
import type { Clock, Groups, World } from "../../src/deployment/ports.ts";
import type { StepContext } from "../../src/deployment/step.ts";
import { planOf } from "../../src/deployment/steps.ts";
import { production } from "../production.ts";

export const alex = { id: "aaaaaaaa-0000-4000-8000-000000000001", name: "Alex Wilber" };
export const megan = { id: "aaaaaaaa-0000-4000-8000-000000000002", name: "Megan Bowen" };
export const adele = { id: "aaaaaaaa-0000-4000-8000-000000000003", name: "Adele Vance" };

export const commit = "3f9c2ab000000000000000000000000000000000";
export const digest = `sha256:${"9f".repeat(32)}`;

export const environment: Environment = {
  ...production,
  approval: { ...production.approval, approvers: [alex.id, megan.id] },
  rollout: { soak: 15_000 },
};

export class FakeClock implements Clock {
  time = 1_000_000;
  now(): number {
    return this.time;
  }
}

/** A deployment that has done every step before `step`, with the evidence that those steps leave. */
export function deploymentAt(step: string, change: Partial<Deployment> = {}): Deployment {
  const target = change.target ?? { from: "branch" as const };
  const plan = planOf({ kind: change.kind ?? "deploy", target });
  const at = plan.findIndex((one) => one.step === step);
  const progress = plan.map((one, i): Progress => {
    if (i < at) return { ...one, state: "done", startedAt: 1_000_000, endedAt: 1_000_000 };
    return i === at ? { ...one, state: "running", startedAt: 1_000_000 } : one;
  });
  const past = (name: string) => plan.findIndex((one) => one.step === name) < at;
  return {
    id: 128,
    key: "abcdef012345",
    kind: "deploy",
    environment: "production",
    target,
    requester: alex,
    requestedAt: 1_000_000,
    expiresAt: 4_600_000,
    state: "active",
    progress,
    approvals: past("approve") ? [{ person: megan, at: 1_000_000 }] : [],
    evidence: {
      ...(past("approve")
        ? {
            proposal: {
              release: { name: "web" },
              liveTag: "production-40655",
              commit: { id: commit },
            },
          }
        : {}),
      ...(past("build")
        ? { run: { id: 40672, number: "20261125.1", commit, url: "https://dev.azure.com/run" } }
        : {}),
      ...(past("verify-image")
        ? { image: { tag: "production-40672", digest, digests: [digest] } }
        : {}),
      ...(past("open-change")
        ? {
            change: {
              branch: "omnibot/abcdef012345",
              head: "b".repeat(40),
              pullRequest: 871,
              url: "https://github.com/pull/871",
              from: "production-40655",
              to: "production-40672",
            },
          }
        : {}),
      ...(past("merge-change")
        ? { merge: { commit: "c".repeat(40), url: "https://github.com/commit/c" } }
        : {}),
      ...(past("sync") ? { sync: { generation: 8 } } : {}),
      ...(past("roll-out") ? { rollout: { pods: 3, podsReady: 3, digest } } : {}),
    },
    revision: 3,
    ...change,
  };
}

export function fakeClaim(
  deployment: Deployment = deploymentAt("build"),
  change: Partial<Claim> = {},
): Claim {
  return {
    deployment,
    owner: "test",
    version: 1,
    dueAt: Number.MAX_SAFE_INTEGER,
    wakes: 0,
    trouble: undefined,
    ...change,
  };
}

/** A ledger that remembers effects, and what was asked of it. */
export function fakeLedger(change: Partial<Ledger> = {}): { ledger: Ledger; journal: string[] } {
  const journal: string[] = [];
  const effects = new Map<string, Effect>();
  const refuse = (name: string) => () => Promise.reject(new Error(`${name} is not expected here`));
  const ledger: Ledger = {
    create: refuse("create"),
    get: refuse("get"),
    findActive: refuse("findActive"),
    list: () => Promise.resolve([]),
    listSince: refuse("listSince"),
    listWorkedOn: refuse("listWorkedOn"),
    isThread: () => Promise.resolve(true),
    approve: refuse("approve"),
    reject: refuse("reject"),
    remember: refuse("remember"),
    audit: (entry) => {
      journal.push(`audit ${entry.action}`);
      return Promise.resolve();
    },
    claim: refuse("claim"),
    save: refuse("save"),
    renew: () => Promise.resolve(true),
    wake: refuse("wake"),
    bringForward: refuse("bringForward"),
    nextDue: refuse("nextDue"),
    beginWatch: refuse("beginWatch"),
    bringWatchForward: refuse("bringWatchForward"),
    moveMark: refuse("moveMark"),
    findEffect: (_, name) => Promise.resolve(effects.get(name)),
    intend: (_, name, at) => {
      journal.push(`intend ${name}`);
      effects.set(name, { name, status: "intent", intentAt: at, result: undefined });
      return Promise.resolve(true);
    },
    settle: (_, name, status, result, at) => {
      journal.push(`settle ${name} ${status}`);
      effects.set(name, { name, status, intentAt: effects.get(name)?.intentAt ?? at, result });
      return Promise.resolve();
    },
    forget: (_, name) => {
      journal.push(`forget ${name}`);
      effects.delete(name);
      return Promise.resolve();
    },
    ...change,
  };
  return { ledger, journal };
}

/** Nobody may ask for a group, unless the test says so. */
export const noGroups: Groups = {
  hasMember: () => Promise.reject(new Error("groups.hasMember is not expected here")),
};

/** The few answers that a test gives. */
export type Parts = { readonly [Port in keyof World]?: Partial<World[Port]> | undefined };

/** Nobody changes anything in Git, unless the test says so. */
const usual: Parts = { gitops: { readFileCommits: () => Promise.resolve([]) } };

/** A world that refuses everything but what the test gives. */
export function fakeWorld(parts: Parts): World {
  const refuse = (port: string) =>
    new Proxy(
      {},
      {
        get: (_, name) => () =>
          Promise.reject(new Error(`${port}.${String(name)} is not expected here`)),
      },
    );
  const port = (name: keyof World) =>
    Object.assign(Object.create(refuse(name)), usual[name], parts[name]);
  return {
    pipelines: port("pipelines"),
    registry: port("registry"),
    gitops: port("gitops"),
    cluster: port("cluster"),
    health: port("health"),
    groups: port("groups"),
  };
}

/** What a step is given: this world, a clock, and effects that are simply done. */
export function contextOf(parts: Parts, clock = new FakeClock()): StepContext {
  return {
    world: fakeWorld(parts),
    environment,
    clock,
    once: async (_, plan) => (await plan.find(undefined, clock.now())) ?? (await plan.act()),
  };
}
