import { readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import SQLite from "better-sqlite3";
import { sql, type Kysely } from "kysely";
import { Migrator, type Migration } from "kysely/migration";
import { z } from "zod";
import { openDatabase, type Database, type Location } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrations.ts";
import type { Facts } from "./facts.ts";

const ledgers = join(import.meta.dirname, "ledgers");
const migrations = join(import.meta.dirname, "../../src/store/migrations");
const tables = ["deployment", "approval", "effect", "audit", "delivery", "thread"] as const;

/** The schemas of which ledgers are kept, oldest first. */
export function keptSchemas(): readonly string[] {
  return readdirSync(ledgers).toSorted();
}

/** A ledger as SQL: what it is built of, and what is in it. Facts of its world stand there by their names. */
export interface Copy {
  readonly schema: string;
  readonly rows: string;
}

/** Copies the ledger in a file of SQLite. */
export function copyLedger(file: string, facts: Facts): Copy {
  const ledger = new SQLite(file, { readonly: true });
  try {
    const made = z
      .array(z.object({ sql: z.string() }))
      .parse(
        ledger
          .prepare(
            "select sql from sqlite_master where sql is not null and name not like 'sqlite_%' order by rowid",
          )
          .all(),
      )
      .map((one) => `${one.sql};`);
    const done = ["kysely_migration", "kysely_migration_lock"]
      .flatMap((name) => rowsOf(ledger, name))
      // Kysely goes by these dates: they must lie before those of whoever reads this.
      .map((row, i) => row.replace(/'\d{4}-[^']*Z'/, `'2020-01-01T00:00:00.00${i + 1}Z'`));
    const rows = tables.flatMap((name) => rowsOf(ledger, name)).join("\n");
    return { schema: `${[...made, ...done].join("\n")}\n`, rows: `${withNames(rows, facts)}\n` };
  } finally {
    ledger.close();
  }
}

function rowsOf(ledger: SQLite.Database, table: string): readonly string[] {
  const rows = z
    .array(z.record(z.string(), z.union([z.string(), z.number(), z.null()])))
    .parse(ledger.prepare(`select * from ${table}`).all());
  return rows.map((row) => {
    const values = Object.values(row).map((value) =>
      typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value),
    );
    return `insert into ${table} (${Object.keys(row).join(", ")}) values (${values.join(", ")});`;
  });
}

/** The longest first: one may be part of another. */
function withNames(text: string, facts: Facts): string {
  return [...facts]
    .toSorted(([, one], [, other]) => other.length - one.length)
    .reduce((sofar, [name, value]) => sofar.replaceAll(value, `{{${name}}}`), text)
    .replaceAll(`'${hostname()}-`, "'replica-");
}

export interface Kept {
  readonly schema: string;
  readonly phase: string;
}

/** A kept ledger in a world of these facts, as if it had been left so many milliseconds ago. */
export function rowsIn({ schema, phase }: Kept, facts: Facts, age: number): string {
  const text = readFileSync(join(ledgers, schema, `${phase}.sql`), "utf8");
  const writtenAt = Number(/^-- Left at (\d+)/m.exec(text)?.[1]);
  if (Number.isNaN(writtenAt)) throw new Error(`${schema}/${phase} does not say when it was left`);
  const by = Date.now() - age - writtenAt;
  return text
    .replaceAll(/\b1\d{12}\b/g, (time) => String(Number(time) + by))
    .replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
      const value = facts.get(name);
      if (value === undefined) throw new Error(`${schema}/${phase}: there is no ${name} here`);
      return value;
    });
}

/** What a ledger is built of: by its own version, or by this one as far as that version came, or to the end. */
export type Built = "by-itself" | "up-to-there" | "to-the-end";

/** Puts a kept ledger in the place of the one that is there. */
export async function layLedger(
  location: Location,
  { schema }: Pick<Kept, "schema">,
  rows: string,
  built: Built,
): Promise<void> {
  if ("file" in location && built === "by-itself") {
    empty(location.file);
    const ledger = new SQLite(location.file);
    ledger.exec(readFileSync(join(ledgers, schema, "schema.sql"), "utf8"));
    ledger.exec(rows);
    ledger.close();
    return;
  }
  if ("file" in location) empty(location.file);
  const database = openDatabase(location);
  if ("url" in location) {
    await sql`drop schema public cascade`.execute(database.db);
    await sql`create schema public`.execute(database.db);
  }
  if (built === "to-the-end") await migrate(database);
  else await migrateUpTo(schema, database);
  await insert(database, rows);
  await database.db.destroy();
}

function empty(file: string): void {
  for (const end of ["", "-wal", "-shm"]) rmSync(`${file}${end}`, { force: true });
}

async function insert({ db, dialect }: Database, rows: string): Promise<void> {
  const statements = rows.split("\n").filter((line) => line.startsWith("insert "));
  for (const statement of statements) await sql.raw(statement).execute(db);
  if (dialect === "sqlite") return;
  for (const table of ["deployment", "audit"])
    await sql`select setval(pg_get_serial_sequence(${table}, 'id'),
      greatest(1, (select max(id) from ${sql.table(table)})))`.execute(db);
}

/** A ledger as the version with this schema made it: released migrations do not change. */
export async function migrateUpTo(schema: string, { db, dialect }: Database): Promise<void> {
  const names = readdirSync(migrations)
    .map((file) => file.replace(/\.ts$/, ""))
    .filter((name) => name <= schema);
  const known: Record<string, Migration> = {};
  for (const name of names.toSorted()) {
    const { up } = (await import(join(migrations, `${name}.ts`))) as {
      up: (db: Kysely<unknown>, dialect: Database["dialect"]) => Promise<void>;
    };
    known[name] = { up: (open) => up(open, dialect) };
  }
  const provider = { getMigrations: () => Promise.resolve(known) };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined)
    throw new Error(`the ledger could not be built up to ${schema}`, { cause: error });
}
