import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { openDatabase, type Database } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrations.ts";

const server = process.env["OMNIBOT_TEST_POSTGRES"];

/** SQLite always; PostgreSQL where a server is given (`npm run test:postgres`). */
export const stores: readonly Store[] = server === undefined ? ["sqlite"] : ["sqlite", "postgres"];
export type Store = "sqlite" | "postgres";

export interface OpenLedger {
  readonly database: Database;
  /** Closes it, and leaves nothing behind but an empty database on the server. */
  close(): Promise<void>;
}

/** An empty ledger, brought up to date: in a folder of its own, or in the database that each test file has on the server. */
export async function openEmpty(store: Store): Promise<OpenLedger> {
  if (store === "postgres") {
    const database = openDatabase({ url: await (own ??= createOwn()) });
    await sql`drop schema public cascade`.execute(database.db);
    await sql`create schema public`.execute(database.db);
    await migrate(database);
    return { database, close: () => database.db.destroy() };
  }
  const folder = mkdtempSync(join(tmpdir(), "omnibot-store-"));
  const database = openDatabase({ file: join(folder, "omnibot.sqlite") });
  await migrate(database);
  return {
    database,
    async close() {
      await database.db.destroy();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Files are tested side by side: each has its own. */
let own: Promise<string> | undefined;

async function createOwn(): Promise<string> {
  if (server === undefined) throw new Error("PostgreSQL is needed: npm run test:postgres");
  const name = `store_${randomBytes(4).toString("hex")}`;
  const { db } = openDatabase({ url: server });
  await sql`create database ${sql.id(name)}`.execute(db);
  await db.destroy();
  return new URL(`/${name}`, server).href;
}
