import { sql, type Transaction } from "kysely";
import type { Schema } from "../../src/store/schema.ts";
import { planOf } from "../../src/deployment/steps.ts";
import { createLedger } from "../../src/store/ledger.ts";
import { openEmpty, stores, type OpenLedger } from "./open.ts";

const alex = { id: "a", name: "Alex Wilber" };

// SQLite has one writer at a time.
const postgres = stores.filter((store) => store === "postgres");
(postgres.length === 0 ? describe.skip : describe)(
  "P19 a thread is behind whichever transaction ends first:",
  () => {
    let opened: OpenLedger;
    let id: number;
    let revision: number;

    beforeEach(async () => {
      opened = await openEmpty("postgres");
      const target = { from: "branch" as const };
      const created = await createLedger(opened.database.db).create(
        {
          key: "key-1",
          kind: "deploy",
          environment: "production",
          target,
          requester: alex,
          requestedAt: 1000,
          expiresAt: 61_000,
          progress: planOf({ kind: "deploy", target }),
        },
        { id: "message-1", conversation: "c", reference: "{}" },
      );
      if (created.state !== "created") throw new Error(`it was ${created.state}`);
      ({ id, revision } = created.deployment);
    });

    afterEach(() => opened.close());

    type Act = (tx: Transaction<Schema>) => Promise<unknown>;
    const moveOn: Act = (tx) =>
      tx
        .updateTable("deployment")
        .set((eb) => ({ revision: eb("revision", "+", 1) }))
        .where("id", "=", id)
        .execute();
    const show: Act = (tx) =>
      tx
        .updateTable("thread")
        .set({ shown_revision: revision })
        .where("deployment_id", "=", id)
        .execute();

    async function isBehind(): Promise<boolean> {
      const { rows } = await sql<{ behind: number }>`select behind from thread`.execute(
        opened.database.db,
      );
      return rows[0]?.behind === 1;
    }

    test.each([
      ["what is shown, then the deployment moves on", show, moveOn],
      ["the deployment moves on, then what was shown before", moveOn, show],
    ])("%s", async (_, first, second) => {
      const { db } = opened.database;
      expect(await isBehind()).toBe(true);
      let begun: Promise<unknown> = Promise.resolve();
      await db.transaction().execute(async (tx) => {
        await first(tx);
        const other = db.transaction().execute(second);
        // It waits for the first, or is through with what it saw.
        begun = other;
        await Promise.race([other, untilSomebodyWaits()]);
      });
      await begun;
      expect(await isBehind()).toBe(true);
    });

    async function untilSomebodyWaits(): Promise<void> {
      for (;;) {
        const { rows } = await sql`select 1 from pg_stat_activity
          where wait_event_type = 'Lock' and datname = current_database()`.execute(
          opened.database.db,
        );
        if (rows.length > 0) return;
      }
    }
  },
);
