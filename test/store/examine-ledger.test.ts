import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { openDatabase, type Location } from "../../src/store/database.ts";
import { examineLedger } from "../../src/store/examine-ledger.ts";
import { holdFile } from "../../src/store/hold.ts";
import { migrate } from "../../src/store/migrations.ts";

const server = process.env["OMNIBOT_TEST_POSTGRES"];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "omnibot-examine-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

async function tablesOf(location: Location): Promise<readonly string[]> {
  const { db } = openDatabase(location);
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  await db.destroy();
  return tables.map(({ name }) => name).toSorted();
}

async function bringUpToDate(location: Location): Promise<void> {
  const database = openDatabase(location);
  await migrate(database);
  await database.db.destroy();
}

describe("an examination of a ledger in a file", () => {
  test("does not make the file, but says where it would be made", async () => {
    const file = join(folder, "data", "omnibot.sqlite");
    expect(await examineLedger({ file })).toMatchObject({ state: "new", folder });
    expect(existsSync(join(folder, "data"))).toBe(false);
  });

  test("changes nothing of it, also beside the process that works on it", async () => {
    const file = join(folder, "omnibot.sqlite");
    const hold = await holdFile(file, 1000);
    await bringUpToDate({ file });
    const before = await tablesOf({ file });
    expect(await examineLedger({ file })).toMatchObject({ state: "writable", pending: 0 });
    expect(await tablesOf({ file })).toEqual(before);
    hold.release();
  });

  test("counts the migrations that the next start brings, and leaves them to it", async () => {
    const file = join(folder, "omnibot.sqlite");
    const { db } = openDatabase({ file });
    await sql`create table older (id integer)`.execute(db);
    await db.destroy();
    const found = await examineLedger({ file });
    expect(found).toMatchObject({ state: "writable", pending: expect.any(Number) });
    expect(found.state === "writable" && found.pending).toBeGreaterThan(3);
    expect(await tablesOf({ file })).toEqual(["older"]);
  });
});

(server === undefined ? describe.skip : describe)("an examination of PostgreSQL", () => {
  const base = new URL(server ?? "postgres://omnibot@127.0.0.1:1/postgres");
  const name = `examined_${process.pid}`;
  const at = (user: string) => {
    const url = new URL(base.href);
    [url.pathname, url.username] = [`/${name}`, user];
    return { url: url.href };
  };
  const asOwner = async (statement: ReturnType<typeof sql>) => {
    const { db } = openDatabase({ url: base.href });
    await statement.execute(db);
    await db.destroy();
  };

  beforeAll(async () => {
    await asOwner(sql`create database ${sql.ref(name)}`);
    await asOwner(sql`create role ${sql.ref(`${name}_guest`)} login`);
  });

  test("changes nothing of it, and compares its clock with this machine's", async () => {
    await bringUpToDate(at("omnibot"));
    const before = await tablesOf(at("omnibot"));
    const found = await examineLedger(at("omnibot"));
    expect(found).toMatchObject({ state: "writable", pending: 0, free: undefined });
    const time = found.state === "writable" ? found.time : undefined;
    expect(Math.abs((time?.here ?? 0) - (time?.ledger ?? 0))).toBeLessThan(60_000);
    expect(await tablesOf(at("omnibot"))).toEqual(before);
  });

  test("says so where omnibot's user may not change the schema, as an update has to", async () => {
    await expect(examineLedger(at(`${name}_guest`))).rejects.toThrow(/permission denied/);
  });
});
