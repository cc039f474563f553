import { sql } from "kysely";
import type { Database } from "../../src/store/database.ts";
import { createLedger } from "../../src/store/ledger.ts";
import { keepSmall, removeOld } from "../../src/store/retention.ts";
import { openEmpty, stores, type OpenLedger } from "./open.ts";

const day = 24 * 60 * 60_000;
const quiet = { info() {}, warn() {}, error() {} };

describe.each(stores)("what is old, on %s,", (store) => {
  let open: OpenLedger;
  let database: Database;

  beforeEach(async () => {
    open = await openEmpty(store);
    ({ database } = open);
  });

  afterEach(async () => {
    await open.close();
  });

  /** A deployment of a day of its own, which has ended then, or goes on. */
  async function deploy(environment: string, at: number, ends = true): Promise<void> {
    const ledger = createLedger(database.db);
    const created = await ledger.create(
      {
        key: `${environment}-${at}`,
        kind: "deploy",
        environment,
        target: { from: "branch" },
        requester: { id: "a", name: "Alex Wilber" },
        requestedAt: at,
        expiresAt: at + day,
        progress: [{ step: "build", title: "Build", state: "pending" }],
      },
      { id: `m-${environment}-${at}`, conversation: `c-${environment}-${at}`, reference: "{}" },
    );
    if (created.state !== "created") throw new Error(created.state);
    const claim = await ledger.claim("one", at, at + 1000);
    if (claim === undefined) throw new Error("nothing was due");
    await ledger.intend(claim, "start-run", at, at + 1000, {});
    await ledger.settle(claim, "start-run", "done", { id: 1 }, at);
    const { deployment } = claim;
    const end = { ...deployment, state: "live" as const, endedAt: at };
    await ledger.save(claim, {
      deployment: ends ? end : deployment,
      nextAt: at + 1000 * day,
      trouble: undefined,
      audit: [],
    });
  }

  async function counts(): Promise<Readonly<Record<string, number>>> {
    const of = async (table: string) => {
      const query = sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`;
      return [table, Number((await query.execute(database.db)).rows[0]?.n)] as const;
    };
    const tables = ["deployment", "audit", "delivery", "effect", "thread"];
    return Object.fromEntries(await Promise.all(tables.map(of)));
  }

  const never = new AbortController().signal;

  test("goes: deliveries after 14 days, effects and threads 90 days after the end; deployments and the audit trail stay (P12)", async () => {
    await deploy("production", 0);
    await deploy("production", 80 * day);
    await deploy("production", 99 * day);
    const all = await counts();
    expect(all).toEqual({ deployment: 3, audit: 9, delivery: 3, effect: 3, thread: 3 });

    expect(await removeOld(database.db, 13 * day, never)).toBe(0);
    expect(await removeOld(database.db, 100 * day, never)).toBe(4);
    expect(await counts()).toEqual({ ...all, delivery: 1, effect: 2, thread: 2 });
    expect(await removeOld(database.db, 1000 * day, never)).toBe(5);
    expect(await counts()).toEqual({ ...all, delivery: 0, effect: 0, thread: 0 });
  });

  test("stays while its deployment goes on, however long", async () => {
    await deploy("production", 0, false);
    await removeOld(database.db, 1000 * day, never);
    expect(await counts()).toMatchObject({ deployment: 1, effect: 1, thread: 1 });
  });

  test("goes in small statements, by several replicas at once, and all of it", async () => {
    const rows = Array.from({ length: 1200 }, (_, i) => ({ conversation: "c", id: `${i}`, at: 0 }));
    for (let i = 0; i < rows.length; i += 300)
      await database.db
        .insertInto("delivery")
        .values(rows.slice(i, i + 300))
        .execute();
    const removed = await Promise.all([1, 2, 3].map(() => removeOld(database.db, 15 * day, never)));
    expect(removed.reduce((sum, one) => sum + one, 0)).toBe(1200);
    expect(await counts()).toMatchObject({ delivery: 0 });
  });

  test("is looked for again and again until the signal", async () => {
    await deploy("production", 0);
    const stop = new AbortController();
    const clock = { now: () => 1000 * day };
    const running = keepSmall({ db: database.db, clock, log: quiet, interval: 5 }, stop.signal);
    while ((await counts())["thread"] !== 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await deploy("staging", 1);
    while ((await counts())["thread"] !== 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    await expect(running).resolves.toBeUndefined();
  });
});
