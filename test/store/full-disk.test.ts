import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { openDatabase, type Database } from "../../src/store/database.ts";
import { createLedger } from "../../src/store/ledger.ts";
import { migrate } from "../../src/store/migrations.ts";

let folder: string;
let database: Database;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "omnibot-full-"));
  database = openDatabase({ file: join(folder, "omnibot.sqlite") });
  await migrate(database);
});

afterEach(async () => {
  await database.db.destroy();
  rmSync(folder, { recursive: true });
});

const request = {
  key: "k",
  kind: "deploy",
  environment: "production",
  target: { from: "branch" },
  requester: { id: "a", name: "Alex Wilber".repeat(2000) },
  requestedAt: 1,
  expiresAt: 2,
  progress: [],
} as const;
const delivery = { id: "1", conversation: "19:x", reference: "{}" };

test("a full disk is told as that, undoes the whole transaction, and does no harm once there is room", async () => {
  const ledger = createLedger(database.db);
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(database.db);
  await sql`pragma max_page_count = ${sql.lit(rows[0]?.page_count ?? 1)}`.execute(database.db);
  await expect(ledger.create(request, delivery)).rejects.toMatchObject({
    service: "ledger",
    message: "The ledger did not answer: database or disk is full",
  });

  await sql`pragma max_page_count = 100000`.execute(database.db);
  expect(await ledger.create(request, delivery)).toMatchObject({ state: "created" });
});

test("a transaction that SQLite has undone by itself is told by what happened to it", async () => {
  const full = Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
  const transaction = database.db.transaction().execute(async (tx) => {
    await sql`rollback`.execute(tx);
    throw full;
  });
  await expect(transaction).rejects.toBe(full);
});
