import type { Deployment } from "../../src/deployment/deployment.ts";
import type { Ledger, Threads } from "../../src/deployment/ledger.ts";
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

/** A service that is gone from just before a call until so many calls have met that. */
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
}

export function nothingYet(): Observations {
  return {
    waits: [],
    saved: new Map(),
    shown: new Set(),
    ledgerFaults: [],
    outage: undefined,
  };
}

/** An ordinary wait between two looks, in milliseconds: the stand-ins are fast. */
const look = 120;
/** Waits of a thread that are shorter are its ordinary pace. */
const pace = 1000;

/** Puts eyes between omnibot and its ports: what it saves is seen, and its waits are passed over. */
export function observed(
  { ledger, threads, conversations, worldOf }: Parts,
  clock: JumpingClock,
  seen: () => Observations,
): Parts {
  const calls = (name: string, call: () => unknown) => outlast(seen().outage, name, call);
  const watchedLedger: Ledger = {
    ...ledger,
    async claim(...asked) {
      const claim = await ledger.claim(...asked);
      if (claim === undefined) return claim;
      clock.begin();
      clock.resume(`row ${claim.deployment.id}`);
      return claim;
    },
    async save(claim, update) {
      const { deployment, trouble } = update;
      const sentence = currentStep(deployment)?.sentence ?? "";
      const step = currentStep(deployment)?.step;
      const active = deployment.state === "active";
      const doubtful = sentence.startsWith("Makes sure");
      const time = update.nextAt - clock.now();
      const waits = active && (trouble !== undefined || doubtful);
      const ordinary = active && !waits && step !== "approve";
      const nextAt = ordinary ? Math.min(update.nextAt, clock.now() + look) : update.nextAt;
      try {
        const kept = await ledger.save(claim, { ...update, nextAt });
        if (!kept) return kept;
        seen().saved.set(deployment.id, deployment);
        if (waits) {
          seen().waits.push({ of: "deployment", time, sentence });
          clock.wait(`row ${deployment.id}`, nextAt);
        }
        return kept;
      } finally {
        clock.end();
      }
    },
    async create(...asked) {
      const created = await ledger.create(...asked);
      if (created.state === "created") seen().saved.set(created.deployment.id, created.deployment);
      return created;
    },
  };
  const watchedThreads: Threads = {
    ...threads,
    async claimThread(...asked) {
      const claim = await threads.claimThread(...asked);
      if (claim === undefined) return claim;
      clock.begin();
      clock.resume(`thread ${claim.deployment.id}`);
      return claim;
    },
    async releaseThread(claim, sent, shownRevision, nextAt) {
      const { deployment } = claim;
      const time = nextAt - clock.now();
      const troubled = /"failures":[1-9]|"state":"intent"|"intent"/.test(sent ?? "");
      try {
        await threads.releaseThread(claim, sent, shownRevision, nextAt);
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
    ledger: withFaults(watchedLedger, seen),
    threads: withFaults(watchedThreads, seen),
    conversations: around(conversations, "conversations", calls),
    worldOf(environment) {
      const world = worldOf(environment);
      return {
        pipelines: around(world.pipelines, "pipelines", calls),
        registry: around(world.registry, "registry", calls),
        gitops: around(world.gitops, "gitops", calls),
        cluster: around(world.cluster, "cluster", calls),
        health: around(world.health, "health", calls),
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
  if (outage?.at !== name || outage.times === 0) return call();
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
