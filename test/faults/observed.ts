import type { Deployment } from "../../src/deployment/deployment.ts";
import type { Ledger, Threads } from "../../src/deployment/ledger.ts";
import type { Cluster } from "../../src/deployment/ports.ts";
import { currentStep } from "../../src/deployment/transitions.ts";
import type { Parts } from "../../src/omnibot.ts";
import type { StandIn } from "../../sandbox/stand-in.ts";
import type { JumpingClock } from "./jumping-clock.ts";

/** A wait that is nobody's choice: a row in trouble or in doubt, or a thread whose message did not go out. */
export interface Wait {
  readonly of: "deployment" | "thread";
  /** Milliseconds. */
  readonly time: number;
  /** What the card says meanwhile; empty for a thread. */
  readonly sentence: string;
}

/** A service that is gone from just before a call until so many calls of its port have met that. */
export interface Outage {
  readonly of: StandIn;
  /** The port and its method, such as `registry.resolve`. */
  readonly at: string;
  times: number;
  isShut?: boolean;
}

/** What goes wrong with a call of the ledger: before it is done, or after. `times` counts down. */
export interface LedgerFault {
  readonly method: keyof Ledger | keyof Threads;
  /** The first argument after the claim that is a text, such as the name of an effect. */
  readonly name?: string;
  readonly when: "before" | "after";
  times: number;
  readonly error: Error;
  /** Milliseconds before all that. */
  readonly delay?: number;
}

/** What omnibot did in one story, and what shall go wrong in it. */
export interface Observations {
  readonly waits: Wait[];
  /** Deployments as they were saved last, by number. */
  readonly saved: Map<number, Deployment>;
  /** Deployments whose thread shows their end. */
  readonly shown: Set<number>;
  readonly ledgerFaults: LedgerFault[];
  outage: Outage | undefined;
  /** Whether omnibot watches the cluster; without, every look at it is a look of the row's. */
  isWatching: boolean;
  /** Ordinary waits with these words are passed over too. */
  passes: RegExp;
}

export function nothingYet(): Observations {
  return {
    waits: [],
    saved: new Map(),
    shown: new Set(),
    ledgerFaults: [],
    outage: undefined,
    isWatching: true,
    // The world does not move while omnibot only wants to see that it does not.
    passes: /watching for a while$/,
  };
}

/** An ordinary wait between two looks, in milliseconds: the stand-ins are fast. */
const look = 60;
/** Waits of a thread that are shorter are its ordinary pace. */
const pace = 1000;

/** How long a row is held that its owner could not let go, in milliseconds: the engine's and the threads' lease. */
const lease = 30_000;

/** Puts eyes between omnibot and its ports: what it saves is seen, and its waits are passed over. */
export function observed(
  { ledger, threads, conversations, worldOf, interventions }: Parts,
  clock: JumpingClock,
  seen: () => Observations,
): Parts {
  const calls = (name: string, call: () => unknown) => outlast(seen().outage, name, call);
  const faultyLedger = withFaults(ledger, seen);
  const faultyThreads = withFaults(threads, seen);
  /** Whatever a failed call of the ledger's leaves held is free again when its lease ends. */
  async function orHeld<Answer>(who: string, call: () => Promise<Answer>): Promise<Answer> {
    try {
      return await call();
    } catch (error) {
      clock.wait(who, clock.now() + lease);
      throw error;
    }
  }
  async function claimed<Claimed extends { readonly deployment: Deployment }>(
    kind: string,
    call: () => Promise<Claimed | undefined>,
  ): Promise<Claimed | undefined> {
    clock.begin();
    let claim: Claimed | undefined;
    try {
      claim = await orHeld(`a ${kind}`, call);
      if (claim === undefined) return claim;
      clock.resume(`a ${kind}`);
      clock.resume(`${kind} ${claim.deployment.id}`);
      return claim;
    } finally {
      if (claim === undefined) clock.end();
    }
  }

  const watchedLedger: Ledger = {
    ...faultyLedger,
    claim: (...asked) => claimed("row", () => faultyLedger.claim(...asked)),
    async save(claim, update) {
      const { deployment, trouble } = update;
      const sentence = currentStep(deployment)?.sentence ?? "";
      const step = currentStep(deployment)?.step;
      const active = deployment.state === "active";
      const doubtful = sentence.includes("Makes sure");
      const passes = active && seen().passes.test(sentence);
      const time = update.nextAt - clock.now();
      const waits = active && (trouble !== undefined || doubtful);
      const ordinary = active && !waits && !passes && step !== "approve";
      const nextAt = ordinary ? Math.min(update.nextAt, clock.now() + look) : update.nextAt;
      try {
        const who = `row ${deployment.id}`;
        // It is let go after every look, so that each look begins with a claim, which the clock waits for.
        const done = await orHeld(who, () => faultyLedger.save(claim, { ...update, nextAt }));
        if (done.state === "lost") return done;
        seen().saved.set(deployment.id, deployment);
        if (waits) seen().waits.push({ of: "deployment", time, sentence });
        if (waits || passes) clock.wait(who, nextAt);
        return done;
      } finally {
        clock.end();
      }
    },
    async create(...asked) {
      const created = await faultyLedger.create(...asked);
      if (created.state === "created") seen().saved.set(created.deployment.id, created.deployment);
      return created;
    },
  };
  const watchedThreads: Threads = {
    ...faultyThreads,
    claimThread: (...asked) => claimed("thread", () => faultyThreads.claimThread(...asked)),
    async releaseThread(claim, sent, shownRevision, nextAt) {
      const { deployment } = claim;
      const time = nextAt - clock.now();
      const troubled = /"failures":[1-9]|"state":"intent"|"intent"/.test(sent ?? "");
      try {
        await orHeld(`thread ${deployment.id}`, () =>
          faultyThreads.releaseThread(claim, sent, shownRevision, nextAt),
        );
        if (troubled && time > 0) seen().waits.push({ of: "thread", time, sentence: "" });
        if (time > 0 && (troubled || time <= pace)) clock.wait(`thread ${deployment.id}`, nextAt);
        if (deployment.state !== "active" && shownRevision === claim.revision)
          seen().shown.add(deployment.id);
      } finally {
        clock.end();
      }
    },
  };
  return {
    ledger: watchedLedger,
    threads: watchedThreads,
    conversations: around(conversations, "conversations", calls),
    interventions,
    worldOf(environment) {
      const world = worldOf(environment);
      const watch: Cluster["watch"] = (...asked) =>
        seen().isWatching ? world.cluster.watch(...asked) : { stop: () => {} };
      return {
        pipelines: around(world.pipelines, "pipelines", calls),
        registry: around(world.registry, "registry", calls),
        gitops: around(world.gitops, "gitops", calls),
        cluster: around({ ...world.cluster, watch }, "cluster", calls),
        health: around(world.health, "health", calls),
        groups: world.groups,
      };
    },
  };
}

type Surround = (name: string, call: () => unknown) => unknown;

/** The same port, whose asynchronous methods are called through `surround`. */
function around<Port extends object>(port: Port, name: string, surround: Surround): Port {
  return new Proxy(port, {
    get(target, key) {
      const method: unknown = Reflect.get(target, key);
      if (typeof method !== "function" || key === "watch") return method;
      return (...asked: readonly unknown[]): unknown =>
        surround(`${name}.${String(key)}`, () => Reflect.apply(method, target, asked));
    },
  });
}

async function outlast(
  outage: Outage | undefined,
  name: string,
  call: () => unknown,
): Promise<unknown> {
  if (outage === undefined || outage.times === 0) return call();
  // What follows the first may be another call, such as the look whether it was done all the same.
  const meets = outage.isShut === true ? portOf(name) === portOf(outage.at) : name === outage.at;
  if (!meets) return call();
  if (outage.isShut !== true) {
    outage.isShut = true;
    await outage.of.shut();
  }
  try {
    return await call();
  } finally {
    outage.times -= 1;
    if (outage.times === 0) await outage.of.open();
  }
}

function portOf(method: string): string {
  return method.split(".")[0] ?? "";
}

function withFaults<Port extends Ledger | Threads>(port: Port, seen: () => Observations): Port {
  return new Proxy(port, {
    get(target, key) {
      const method: unknown = Reflect.get(target, key);
      if (typeof method !== "function") return method;
      return async (...asked: readonly unknown[]): Promise<unknown> => {
        const call = (): unknown => Reflect.apply(method, target, asked);
        const fault = seen().ledgerFaults.find(
          (one) =>
            one.times > 0 &&
            one.method === key &&
            (one.name === undefined || asked.includes(one.name)),
        );
        if (fault === undefined) return call();
        fault.times -= 1;
        if (fault.delay !== undefined)
          await new Promise((resolve) => setTimeout(resolve, fault.delay));
        if (fault.when === "before") throw fault.error;
        await call();
        throw fault.error;
      };
    },
  });
}
