import { existsSync } from "node:fs";
import { chmod, rename, rm, stat } from "node:fs/promises";
import SQLite from "better-sqlite3";
import { z } from "zod";

const counted = z.object({ count: z.int() });

/**
 * Copies an SQLite ledger, as it is at one moment, also while omnibot writes to it (SQLite's online backup). The copy is checked
 * before it gets its name, and never overwrites anything.
 */
export async function backUp(
  file: string,
  to: string,
): Promise<{ readonly deployments: number; readonly bytes: number }> {
  if (!existsSync(file)) throw new Error(`There is no ledger at ${file}.`);
  if (existsSync(to)) throw new Error(`${to} exists already.`);
  const unfinished = `${to}.unfinished`;
  await rm(unfinished, { force: true });
  try {
    const ledger = new SQLite(file, { readonly: true, fileMustExist: true, timeout: 5000 });
    await ledger.backup(unfinished).finally(() => ledger.close());
    // What was decided, and by whom, is nobody else's business.
    await chmod(unfinished, 0o600);
    const deployments = check(unfinished);
    await rename(unfinished, to);
    return { deployments, bytes: (await stat(to)).size };
  } finally {
    for (const rest of ["", "-wal", "-shm"]) await rm(`${unfinished}${rest}`, { force: true });
  }
}

function check(file: string): number {
  const copy = new SQLite(file);
  try {
    // One file that can be copied as it is; a start makes it WAL again.
    copy.pragma("journal_mode = DELETE");
    const verdict = copy.pragma("integrity_check", { simple: true });
    if (verdict !== "ok") throw new Error(`The copy is broken: ${String(verdict)}`);
    return counted.parse(copy.prepare("select count(*) as count from deployment").get()).count;
  } finally {
    copy.close();
  }
}
