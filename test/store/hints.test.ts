import { setTimeout as delay } from "node:timers/promises";
import { sql } from "kysely";
import { planOf } from "../../src/deployment/steps.ts";
import { openDatabase, type Database } from "../../src/store/database.ts";
import { listenForHints } from "../../src/store/hints.ts";
import { createLedger } from "../../src/store/ledger.ts";
import { migrate } from "../../src/store/migrations.ts";

/** Where a server is given (`npm run test:postgres`). */
const server = process.env["OMNIBOT_TEST_POSTGRES"] ?? "";
/** Of its own: other tests use that server at the same time. */
const databaseName = `omnibot_hints_${process.pid}`;
const url = server === "" ? "" : new URL(`/${databaseName}`, server).href;
const quiet = { info() {}, warn() {}, error() {} };

(url === "" ? describe.skip : describe)("replicas on PostgreSQL", () => {
  let database: Database;
  let stop: AbortController;
  let listening: Promise<void>;
  let hints: number;

  beforeEach(async () => {
    await onServer(`create database ${databaseName}`);
    database = openDatabase({ url });
    hints = 0;
    stop = new AbortController();
    listening = Promise.resolve();
  });

  afterEach(async () => {
    stop.abort();
    await listening;
    await database.db.destroy();
    await onServer(`drop database ${databaseName} with (force)`);
  });

  async function listen(): Promise<void> {
    await migrate(database);
    listening = listenForHints(
      { server: { url }, hint: () => void (hints += 1), log: quiet },
      stop.signal,
    );
    await more(0);
  }

  /** Waits until there are more hints than so many. */
  async function more(than: number): Promise<void> {
    const end = Date.now() + 4000;
    while (heard() <= than && Date.now() < end) await delay(5);
    expect(heard()).toBeGreaterThan(than);
  }

  function heard(): number {
    return hints;
  }

  async function request(): Promise<number> {
    const target = { from: "branch" as const };
    const person = { id: "aaaaaaaa-0000-4000-8000-000000000001", name: "Alex Wilber" };
    const created = await createLedger(database.db).create(
      {
        key: "k",
        kind: "deploy",
        environment: "production",
        target,
        requester: person,
        requestedAt: 1000,
        expiresAt: 9000,
        progress: planOf({ kind: "deploy", target }),
      },
      { id: "m", conversation: "c", reference: "{}" },
    );
    if (created.state !== "created") throw new Error(created.state);
    return created.deployment.id;
  }

  test("P19 hear of a request, a decision, a wake, a save and a hook at once, and nothing of claims and renewals", async () => {
    await listen();
    const ledger = createLedger(database.db);
    const id = await request();
    await more(1);
    const claim = await ledger.claim("one", 1000, 6000);
    if (claim === undefined) throw new Error("nothing was due");
    await ledger.renew(claim, 9000);
    await ledger.wake(id, 1000);
    await more(2);
    await ledger.approve(id, { person: { id: "b", name: "Megan Bowen" }, at: 1100 }, 1);
    await more(3);
    await ledger.save(claim, { ...claim, nextAt: 2000, audit: [] });
    await more(4);
    // What a service tells one replica of.
    await ledger.bringForward(id, 1200, 1200);
    await more(5);
    expect(hints).toBe(6);
  });

  test("P19 hear again after the connection was cut, and look for what they missed", async () => {
    await listen();
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where query = 'listen omnibot' and pid <> pg_backend_pid()`.execute(database.db);
    await more(1);
    await request();
    await more(2);
    expect(hints).toBe(3);
  });

  test("P19 outlive a connection that is cut in the middle of a transaction", async () => {
    await migrate(database);
    const transaction = database.db.transaction().execute(async (tx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      await onServer(`select pg_terminate_backend(${rows[0]?.pid})`);
      await delay(50);
      await sql`select 1`.execute(tx);
    });
    await expect(transaction).rejects.toThrow(/terminat|not queryable|connection error/i);
    expect(await createLedger(database.db).nextDue()).toBeUndefined();
  });

  test("P18 that start at once bring the ledger up to date once", async () => {
    const others = [1, 2, 3].map(() => openDatabase({ url }));
    await Promise.all([database, ...others].map(migrate));
    for (const { db } of others) await db.destroy();
    const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(
      database.db,
    );
    const names = rows.map(({ name }) => name).toSorted();
    expect(names).toEqual(expect.arrayContaining(["001-first", "002-hints"]));
    expect(names).toEqual([...new Set(names)]);
  });
});

async function onServer(statement: string): Promise<void> {
  const { db } = openDatabase({ url: server });
  await sql.raw(statement).execute(db);
  await db.destroy();
}
