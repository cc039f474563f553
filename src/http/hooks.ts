import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Hint, Hook } from "../deployment/hints.ts";
import { readBody, Unreadable } from "./body.ts";

export interface HooksOptions {
  /** What each address below /api/hooks makes of a call; there are no others. */
  readonly hooks: ReadonlyMap<string, Hook>;
  /** Told what was heard. */
  readonly hear: (hint: Hint) => Promise<unknown>;
  /** Told how every call was answered. */
  readonly answered?: ((hook: string, status: number) => void) | undefined;
  readonly log: { warn(facts: object, message: string): void };
}

export interface Answer {
  readonly status: number;
  /** Whether the connection is to be closed, since not all of the body was read. */
  readonly close?: boolean;
}

/** GitHub tells of a push with all its commits; whoever sends more than this is not heard, and the periodic look finds it. */
const longestBody = 1024 * 1024;
/** Milliseconds for a body to arrive. */
const patience = 5000;
/** So many bodies are read side by side. */
const atOnce = 16;
/** A call that comes again, by whoever kept it, changes nothing; so many are remembered. */
const remembered = 2000;
/** Refusals are told at most so often, in milliseconds. */
const quiet = 60_000;

/**
 * Calls from outside, which only bring a look forward. The answer is out before that look begins; it says nothing, to whoever
 * does not know the secret least of all.
 */
export function createHooks(
  options: HooksOptions,
): (name: string, call: IncomingMessage) => Promise<Answer> {
  const { hooks, hear, log } = options;
  const seen = new Set<string>();
  let reading = 0;
  const refusals = new Map<string, { count: number; toldAt: number }>();

  return async (name, call) => {
    const answer = await receive(name, call);
    options.answered?.(hooks.has(name) ? name : "unknown", answer.status);
    return answer;
  };

  async function receive(name: string, call: IncomingMessage): Promise<Answer> {
    const hook = hooks.get(name);
    if (hook === undefined) return { status: 404, close: true };
    // Both Azure DevOps and Flux come back after a 503.
    if (reading >= atOnce) return { status: 503, close: true };
    reading += 1;
    const body = await read(call).finally(() => (reading -= 1));
    if (typeof body === "number") return { status: body, close: true };
    const result = await hook({ headers: call.headers, body });
    if (result.state === "refused") return refuse(name);
    if (result.state === "unreadable") return { status: 400 };
    if (isNew(name, body)) for (const hint of result.hints) void pass(name, hint);
    return { status: 202 };
  }

  async function pass(name: string, hint: Hint): Promise<void> {
    try {
      await hear(hint);
    } catch (error) {
      log.warn({ hook: name, err: error }, "a hint was lost; the periodic look finds the same");
    }
  }

  function isNew(name: string, body: Buffer): boolean {
    const digest = createHash("sha256").update(name).update(body).digest("base64");
    if (seen.has(digest)) return false;
    seen.add(digest);
    const [oldest] = seen;
    if (seen.size > remembered && oldest !== undefined) seen.delete(oldest);
    return true;
  }

  function refuse(name: string): Answer {
    const { count, toldAt } = refusals.get(name) ?? { count: 0, toldAt: -quiet };
    const now = performance.now();
    if (now - toldAt < quiet) refusals.set(name, { count: count + 1, toldAt });
    else {
      log.warn({ hook: name, count: count + 1 }, "refused calls of a hook: their secret is wrong");
      refusals.set(name, { count: 0, toldAt: now });
    }
    return { status: 401 };
  }
}

/** The bytes, or the status that says why not. */
async function read(call: IncomingMessage): Promise<Buffer | number> {
  const settled = new AbortController();
  const late = delay(patience, 408, { signal: settled.signal }).catch(() => 408);
  try {
    return await Promise.race([readBody(call, longestBody), late]);
  } catch (error) {
    return error instanceof Unreadable ? error.status : 400;
  } finally {
    settled.abort();
  }
}
