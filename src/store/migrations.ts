import { Migrator, type Migration } from "kysely/migration";
import type { Database } from "./database.ts";
import { up as first } from "./migrations/001-first.ts";

/** Brings the ledger to this version's schema. Forward only; two processes that start at once do it once. */
export async function migrate(database: Database): Promise<void> {
  const migrations: Record<string, Migration> = {
    "001-first": { up: (db) => first(db, database.dialect) },
  };
  const migrator = new Migrator({
    db: database.db,
    provider: { getMigrations: () => Promise.resolve(migrations) },
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined)
    throw new Error("The ledger could not be brought up to date.", { cause: error });
}
