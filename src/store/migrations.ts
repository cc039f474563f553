import { sql } from "kysely";
import { Migrator, type Migration } from "kysely/migration";
import type { Database } from "./database.ts";
import { up as first } from "./migrations/001-first.ts";
import { up as hints } from "./migrations/002-hints.ts";
import { up as watch } from "./migrations/004-watch.ts";
import { up as locks } from "./migrations/005-locks.ts";
import { up as behind } from "./migrations/006-behind.ts";

/**
 * Brings the ledger to this version's schema. Forward only; two processes that start at once do it once. A ledger that a newer
 * version has brought further is used as it is: every migration leaves what the version before needs (docs/design.md).
 */
export async function migrate(database: Database): Promise<void> {
  const { error } = await (await migratorOf(database)).migrateToLatest();
  if (error !== undefined)
    throw new Error("The ledger could not be brought up to date.", { cause: error });
}

/** How many migrations the next start of this version brings. Changes nothing. */
export async function pendingMigrations(database: Database): Promise<number> {
  const all = await (await migratorOf(database)).getMigrations();
  return all.filter(({ executedAt }) => executedAt === undefined).length;
}

async function migratorOf(database: Database): Promise<Migrator> {
  const known: Record<string, Migration> = {
    "001-first": { up: (db) => first(db, database.dialect) },
    "002-hints": { up: (db) => hints(db, database.dialect) },
    "004-watch": { up: (db) => watch(db, database.dialect) },
    "005-locks": { up: (db) => locks(db, database.dialect) },
    "006-behind": { up: (db) => behind(db, database.dialect) },
  };
  const migrations = { ...(await newerThan(Object.keys(known), database)), ...known };
  return new Migrator({
    db: database.db,
    provider: { getMigrations: () => Promise.resolve(migrations) },
  });
}

const nothing: Migration = { up: () => Promise.resolve() };

/** The migrations of newer versions that this ledger has seen. Kysely refuses a ledger with one that it was not given. */
async function newerThan(
  known: readonly string[],
  { db }: Database,
): Promise<Record<string, Migration>> {
  const table = "kysely_migration";
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === table)) return {};
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(table)}`.execute(db);
  const newest = known.toSorted().at(-1) ?? "";
  const newer = rows.filter(({ name }) => name > newest);
  return Object.fromEntries(newer.map(({ name }) => [name, nothing]));
}
