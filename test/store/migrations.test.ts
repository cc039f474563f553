import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SQLite from "better-sqlite3";
import { sql, type KyselyPlugin } from "kysely";
import { openDatabase, type Database } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrations.ts";
import { keptSchemas, layLedger, rowsIn } from "../upgrades/copy.ts";

describe("a migration", () => {
  let folder: string;
  let databases: Database[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "omnibot-migrations-"));
    databases = [];
  });

  afterEach(async () => {
    for (const { db } of databases) await db.destroy();
    rmSync(folder, { recursive: true });
  });

  function open(name = "omnibot.sqlite"): Database {
    const database = openDatabase({ file: join(folder, name) });
    databases.push(database);
    return database;
  }

  async function tablesOf({ db }: Database): Promise<readonly string[]> {
    const tables = await db.introspection.getTables();
    return tables.map((table) => table.name).toSorted();
  }

  test("P18 that is cut off in the middle leaves nothing behind on SQLite, and is done whole by the next start", async () => {
    const first = open();
    await expect(migrate({ ...first, db: first.db.withPlugin(cutOffAt("audit")) })).rejects.toThrow(
      "The ledger could not be brought up to date.",
    );
    expect(await tablesOf(first)).toEqual([]);

    const second = open();
    await migrate(second);
    const whole = open("whole.sqlite");
    await migrate(whole);
    const wanted = await tablesOf(whole);
    expect(wanted).toContain("deployment");
    expect(await tablesOf(second)).toEqual(wanted);
  });

  test("P18 that a newer version has done does not keep this one from working, during a rolling update or after it was taken back", async () => {
    const { db } = open();
    await migrate(open());
    // Kysely dates each migration at least a millisecond after the one before: now could be too early.
    const timestamp = new Date(Date.now() + 60_000).toISOString();
    const newer = { name: "999-of-the-future", timestamp };
    await sql`insert into kysely_migration values (${newer.name}, ${newer.timestamp})`.execute(db);
    await expect(migrate(open())).resolves.toBeUndefined();
  });

  test("P18 of two versions that know different ones in between is refused", async () => {
    const { db } = open();
    await migrate(open());
    await sql`insert into kysely_migration values ('001-other', '2026-01-01T00:00:00.000Z')`.execute(
      db,
    );
    await expect(migrate(open())).rejects.toThrow("The ledger could not be brought up to date.");
  });

  test.each(keptSchemas())(
    "P18 that was released does not change: %s is as it was",
    async (schema) => {
      const released = { file: join(folder, "released.sqlite") };
      await layLedger(released, { schema }, "", "by-itself");
      const now = { file: join(folder, "now.sqlite") };
      await layLedger(now, { schema }, "", "up-to-there");
      expect(schemaOf(now.file)).toEqual(schemaOf(released.file));
      expect(schemaOf(now.file)).toContainEqual(expect.stringContaining("audit_no_delete"));
    },
  );

  test.each(keptSchemas())("P18 keeps all that a ledger of %s holds", async (schema) => {
    const kept = { schema, phase: "merge-unanswered" };
    const rows = rowsIn(kept, anyFacts, 0);
    const file = join(folder, "older.sqlite");
    await layLedger({ file }, kept, rows, "by-itself");
    const before = contentsOf(file, rows);
    expect(before.length).toBeGreaterThan(20);
    const database = openDatabase({ file });
    databases.push(database);
    await migrate(database);
    expect(contentsOf(file, rows)).toEqual(before);
  });

  test("that was done is not done again", async () => {
    await migrate(open());
    await expect(migrate(open())).resolves.toBeUndefined();
  });
});

/** In place of every fact of a world. */
const anyFacts = { get: (name: string) => name } as ReadonlyMap<string, string>;

/** Tables, indexes and triggers, but for those of Kysely itself. */
function schemaOf(file: string): readonly unknown[] {
  const ledger = new SQLite(file, { readonly: true });
  const query = `select sql from sqlite_master
    where sql is not null and name not like 'kysely%' and name not like 'sqlite%' order by name`;
  const found = ledger.prepare(query).pluck().all();
  ledger.close();
  return found;
}

/** Every row of a ledger, with the columns that these statements know. */
function contentsOf(file: string, statements: string): readonly unknown[] {
  const known = statements.matchAll(/^insert into (\w+) \(([^)]*)\)/gm);
  const columns = new Map([...known].map(([, table = "", names = ""]) => [table, names]));
  const ledger = new SQLite(file, { readonly: true });
  const rows = [...columns].flatMap(([table, names]) =>
    ledger.prepare(`select ${names} from ${table}`).all(),
  );
  ledger.close();
  return rows;
}

/** Ends the work on the ledger where this table would be created. */
function cutOffAt(table: string): KyselyPlugin {
  return {
    transformQuery({ node }) {
      if (node.kind === "CreateTableNode" && node.table.table.identifier.name === table)
        throw new Error("cut off");
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
}
