import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql, type KyselyPlugin } from "kysely";
import { openDatabase, type Database } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrations.ts";

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

  function open(): Database {
    const database = openDatabase({ file: join(folder, "omnibot.sqlite") });
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
    const wanted = ["approval", "audit", "delivery", "deployment", "effect", "thread"];
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

  test("that was done is not done again", async () => {
    await migrate(open());
    await expect(migrate(open())).resolves.toBeUndefined();
  });
});

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
