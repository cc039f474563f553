import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import type { Log } from "../deployment/engine.ts";
import { connectionOf, type Server } from "./database.ts";

export interface HintsOptions {
  readonly server: Server;
  /** Something may have changed: told at every change by any replica, and after every time of deafness. */
  readonly hint: () => void;
  readonly log: Log;
}

const backoff = { first: 500, most: 15_000 };
/** A connection that is cut without a word looks like silence: it is asked this often whether it is there. Milliseconds. */
const interval = 10_000;
const patience = 5000;

/**
 * Hears at once what other replicas change in PostgreSQL (migration 002-hints), until the signal. Nothing depends on it: the
 * periodic look finds the same a little later.
 */
export async function listenForHints(
  { server, hint, log }: HintsOptions,
  signal: AbortSignal,
): Promise<void> {
  let pause = backoff.first;
  while (!signal.aborted) {
    const deaf = await listen(server, signal, () => {
      pause = backoff.first;
      hint();
    });
    if (signal.aborted) return;
    log.warn({ why: deaf, pause }, "other replicas are not heard; tries again");
    await delay(pause, undefined, { signal }).catch(() => {});
    pause = Math.min(pause * 2, backoff.most);
  }
}

/** Listens as long as the connection holds; returns why it does not any more. */
async function listen(server: Server, signal: AbortSignal, heard: () => void): Promise<string> {
  const client = new Client({
    ...connectionOf(server),
    connectionTimeoutMillis: patience,
    query_timeout: patience,
    keepAlive: true,
  });
  const ended = new AbortController();
  client.on("error", () => ended.abort());
  client.on("end", () => ended.abort());
  client.on("notification", heard);
  const over = AbortSignal.any([signal, ended.signal]);
  try {
    await client.connect();
    await client.query("listen omnibot");
    heard();
    while (!over.aborted) {
      await delay(interval, undefined, { signal: over }).catch(() => {});
      if (!over.aborted) await client.query("select 1");
    }
    return "the connection ended";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    // A half-open connection would never say goodbye.
    await Promise.race([client.end().catch(() => {}), delay(1000, undefined, { ref: false })]);
  }
}
