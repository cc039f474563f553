import { access, constants, stat, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { sql } from "kysely";
import { readTime } from "./clock.ts";
import { openDatabase, type Location } from "./database.ts";
import { asLedgerError } from "./ledger-error.ts";
import { pendingMigrations } from "./migrations.ts";

export type LedgerFindings =
  /** There is none yet: omnibot makes the file at its first start, in a folder that it may write to. */
  | { readonly state: "new"; readonly folder: string; readonly free: number }
  | {
      readonly state: "writable";
      /** Migrations that the next start brings. */
      readonly pending: number;
      /** The database's time and this machine's, in milliseconds since 1970; undefined for a file. */
      readonly time: { readonly ledger: number; readonly here: number } | undefined;
      /** Bytes that are free beside the file; undefined for a server. */
      readonly free: number | undefined;
    };

/** Thrown to undo what was only tried. */
class Undo extends Error {}

/** Tries whether the ledger can be written and its schema changed, in a transaction that is undone. Throws ServiceError. */
export async function examineLedger(location: Location): Promise<LedgerFindings> {
  try {
    if ("file" in location && !(await exists(location.file)))
      return await examineFolder(location.file);
    return await examineDatabase(location);
  } catch (error) {
    throw asLedgerError(error);
  }
}

async function examineDatabase(location: Location): Promise<LedgerFindings> {
  const database = openDatabase(location);
  try {
    await database.db
      .transaction()
      .execute(async (tried) => {
        await sql`create table omnibot_doctor (at bigint)`.execute(tried);
        await sql`insert into omnibot_doctor (at) values (1)`.execute(tried);
        throw new Undo();
      })
      .catch((error: unknown) => {
        if (!(error instanceof Undo)) throw error;
      });
    const before = Date.now();
    const ledger = await readTime(database);
    const here = (before + Date.now()) / 2;
    return {
      state: "writable",
      pending: await pendingMigrations(database),
      time: database.dialect === "sqlite" ? undefined : { ledger, here },
      free: "file" in location ? await freeBytes(dirname(location.file)) : undefined,
    };
  } finally {
    await database.db.destroy();
  }
}

/** Finds the folder that is there already, and whether omnibot may write to it. */
async function examineFolder(file: string): Promise<LedgerFindings> {
  let folder = dirname(resolve(file));
  while (!(await exists(folder)) && folder !== dirname(folder)) folder = dirname(folder);
  if (!(await stat(folder)).isDirectory())
    throw Object.assign(new Error(`${folder} is not a folder`), { code: "ENOTDIR" });
  await access(folder, constants.W_OK);
  return { state: "new", folder, free: await freeBytes(folder) };
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
