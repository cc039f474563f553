import { setTimeout as delay } from "node:timers/promises";
import type { World } from "../../src/deployment/ports.ts";
import { currentStep } from "../../src/deployment/transitions.ts";
import type { Deployment } from "../../src/deployment/deployment.ts";
import type { Parts } from "../../src/omnibot.ts";
import type { Point } from "./orders.ts";

export interface Points {
  /** Ends the process here, without a word, if that was ordered; or says for how long to be held here. */
  pass(point: string): Promise<void> | undefined;
  /** Replaces the order; points are counted from now. */
  order(crash: Point | undefined): void;
}

export interface PointsOptions {
  /** Told of each point that is passed. */
  readonly passed: (point: string) => void;
  /** Told when something is held. */
  readonly held: () => void;
}

export function createPoints({ passed, held }: PointsOptions): Points {
  let order: Point | undefined;
  let left = 0;
  return {
    pass(point) {
      passed(point);
      if (point !== order?.at) return undefined;
      left -= 1;
      if (left !== 0) return undefined;
      if (order.hold === undefined) process.kill(process.pid, "SIGKILL");
      held();
      return delay(order.hold);
    },
    order(crash) {
      order = crash;
      left = crash?.occurrence ?? 0;
    },
  };
}

/**
 * Puts two points around every call of every port: `before` it, and `after` it, when its effect is done and nobody has seen
 * its answer yet.
 */
export function withPoints(parts: Parts, points: Points): Parts {
  const watched = <Port extends object>(name: string, port: Port) => around(name, port, points);
  const worlds = new Map<string, World>();
  return {
    ledger: watched("ledger", parts.ledger),
    threads: watched("threads", parts.threads),
    conversations: watched("conversations", parts.conversations),
    worldOf(environment) {
      const known = worlds.get(environment.name);
      if (known !== undefined) return known;
      const { pipelines, registry, gitops, cluster, health } = parts.worldOf(environment);
      const world: World = {
        pipelines: watched("pipelines", pipelines),
        registry: watched("registry", registry),
        gitops: watched("gitops", gitops),
        cluster: watched("cluster", cluster),
        health: watched("health", health),
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
        const call = `${name}.${key}${matter(given)}`;
        const held = points.pass(`before ${call}`);
        const ask = (): unknown => Reflect.apply(member, target, given);
        const answer = held === undefined ? ask() : held.then(ask);
        return answer instanceof Promise
          ? answer.finally(() => void points.pass(`after ${call}`))
          : answer;
      };
    },
  });
}

/** What a call is about, where calls of one name differ: the effect that is intended, the step that is saved. */
function matter([first, second]: readonly unknown[]): string {
  if (typeof second === "string" && /^[a-z-]+$/.test(second)) return `:${second}`;
  if (typeof first !== "object" || first === null || !("deployment" in first)) return "";
  if (typeof second !== "object") return "";
  // A claim of the ledger carries a whole deployment.
  return `:${currentStep(first.deployment as Deployment)?.step ?? "end"}`;
}
