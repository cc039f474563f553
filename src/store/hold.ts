import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import SQLite from "better-sqlite3";

/** Proof that this process alone works on a SQLite ledger; it ends with the process, however that ends. */
export interface Hold {
  release(): void;
}

const pause = 100;

/**
 * Waits until no other process works on this SQLite file. What it waits for is a lock of the operating system on a file of
 * its own beside the ledger, so that the ledger can still be read by others, and nothing has to be cleaned up after a crash.
 * Throws when the other process is still there after `patience` milliseconds; `waits` is told that there is one.
 */
export async function holdFile(
  file: string,
  patience: number,
  waits: () => void = () => {},
): Promise<Hold> {
  mkdirSync(dirname(file), { recursive: true });
  const lock = new SQLite(`${file}.lock`, { timeout: 0 });
  const end = Date.now() + patience;
  for (let first = true; !takes(lock); first = false) {
    if (first) waits();
    if (Date.now() >= end) {
      lock.close();
      throw new Error(`Another process works on ${file}. Several processes need PostgreSQL.`);
    }
    await delay(pause);
  }
  return { release: () => void lock.close() };
}

function takes(lock: SQLite.Database): boolean {
  try {
    lock.exec("begin exclusive");
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  }
}

/** By its code: what a native module throws is not an instance of every realm's Error. */
function isBusy(error: unknown): boolean {
  return (
    typeof error === "object" && error !== null && "code" in error && error.code === "SQLITE_BUSY"
  );
}
