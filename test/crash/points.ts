import { setTimeout as delay } from "node:timers/promises";
import type { Claim } from "../../src/deployment/ledger.ts";
import type { World } from "../../src/deployment/ports.ts";
import { currentStep } from "../../src/deployment/transitions.ts";
import type { Parts } from "../../src/omnibot.ts";
import { readSent } from "../../src/teams/sent.ts";
import type { Blow, Point } from "./orders.ts";
import { staleAfter } from "./stale.ts";

export interface Points {
  /** Ends the process here, without a word, or stops it, if that was ordered; or says for how long to be held here. */
  pass(point: string): Promise<void> | undefined;
  /** Replaces the order; points are counted from now. */
  order(crash: Point | undefined): void;
  /** Whether something is held now. */
  readonly isHolding: boolean;
}

export interface PointsOptions {
  /** Told of each point that is passed. */
  readonly passed: (point: string) => void;
  /** Told before something is held, or the process stops. */
  readonly struck: (blow: Blow) => void;
}

export function createPoints({ passed, struck }: PointsOptions): Points {
  let order: Point | undefined;
  let left = 0;
  let held = 0;

  async function hold(): Promise<void> {
    held += 1;
    await delay(staleAfter);
    held -= 1;
  }

  return {
    pass(point) {
      passed(point);
      if (point !== order?.at) return undefined;
      left -= 1;
      if (left !== 0) return undefined;
      switch (order.blow) {
        case "kill":
          process.kill(process.pid, "SIGKILL");
          return undefined;
        case "stop":
          struck("stop");
          process.kill(process.pid, "SIGSTOP");
          return undefined;
        case "hold":
          struck("hold");
          return hold();
      }
    },
    order(crash) {
      order = crash;
      left = crash?.occurrence ?? 0;
    },
    get isHolding() {
      return held > 0;
    },
  };
}

/**
 * Puts two points around every call of every port: `before` it, and `after` it, when its effect is done and nobody has seen
 * its answer yet. `calls` is told all that a port can be asked.
 */
export function withPoints(
  parts: Parts,
  points: Points,
  calls: (calls: readonly string[]) => void,
): Parts {
  function watched<Port extends object>(name: string, port: Port): Port {
    const members = Object.entries(port).filter(([, member]) => typeof member === "function");
    calls(members.map(([key]) => `${name}.${key}`));
    return around(name, port, points);
  }
  const worlds = new Map<string, World>();
  return {
    ledger: watched("ledger", parts.ledger),
    threads: watched("threads", parts.threads),
    conversations: watched("conversations", parts.conversations),
    interventions: watched("interventions", parts.interventions),
    worldOf(environment) {
      const known = worlds.get(environment.name);
      if (known !== undefined) return known;
      const { pipelines, registry, gitops, cluster, health, groups } = parts.worldOf(environment);
      const world: World = {
        pipelines: watched("pipelines", pipelines),
        registry: watched("registry", registry),
        gitops: watched("gitops", gitops),
        cluster: watched("cluster", cluster),
        health: watched("health", health),
        groups,
      };
      worlds.set(environment.name, world);
      return world;
    },
  };
}

function around<Port extends object>(name: string, port: Port, points: Points): Port {
  return new Proxy(port, {
    get(target, key, receiver): unknown {
      const member: unknown = Reflect.get(target, key, receiver);
      if (typeof member !== "function" || typeof key !== "string") return member;
      return (...given: unknown[]): unknown => {
        const call = nameOf(`${name}.${key}`, given);
        const held = points.pass(`before ${call}`);
        const ask = (): unknown => Reflect.apply(member, target, given);
        const answer = held === undefined ? ask() : held.then(ask);
        if (answer instanceof Promise) return thenPass(answer, `after ${call}`, points);
        void points.pass(`after ${call}`);
        return answer;
      };
    },
  });
}

async function thenPass(answer: Promise<unknown>, point: string, points: Points): Promise<unknown> {
  try {
    return await answer;
  } finally {
    await points.pass(point);
  }
}

/** A call, and what it is about where calls of one name differ: the effect that is intended, the step that is saved. */
function nameOf(call: string, [first, second]: readonly unknown[]): string {
  switch (call) {
    case "ledger.findEffect":
    case "ledger.intend":
    case "ledger.settle":
    case "ledger.forget":
      return `${call}:${String(second)}`;
    case "ledger.save":
      return `${call}:${currentStep((first as Claim).deployment)?.step}`;
    case "threads.keepThread":
      return `${call}:${newestOf(String(second))}`;
    case "conversations.post":
      return `${call}:${typeof second === "object" && second !== null && "attachments" in second ? "card" : "reply"}`;
    default:
      return call;
  }
}

/** What was sent last, or is about to be sent. */
function newestOf(text: string): string {
  const { card, replies } = readSent(text);
  const reply = Object.entries(replies).at(-1);
  if (reply !== undefined) return reply.join("-");
  return card?.state === "sent" && card.edited ? "card-edited" : `card-${card?.state}`;
}
