import type { Mark, Noticed } from "../../src/deployment/ledger.ts";
import { planOf } from "../../src/deployment/steps.ts";
import { completes } from "../../src/deployment/transitions.ts";
import { createChannels } from "../../src/store/channels.ts";
import type { Database } from "../../src/store/database.ts";
import { bringForward } from "../../src/store/hand-over.ts";
import { createLedger } from "../../src/store/ledger.ts";
import { createThreads } from "../../src/store/threads.ts";
import { alex } from "../deployment/fakes.ts";
import { openEmpty, stores, type OpenLedger } from "./open.ts";

const first: Mark = { place: "gitops main a.yaml", commit: "a", tag: "production-40655" };
const second: Mark = { ...first, commit: "b", tag: "production-40612" };
const kind = { kind: "observed", target: { from: "git" } } as const;

const noticed = (key = "0123456789ab"): Noticed => ({
  place: { conversation: "19:channel@thread.tacv2", reference: "{}" },
  deployment: {
    ...kind,
    key,
    environment: "production",
    requester: { id: "github:diego", name: "diego" },
    requestedAt: 2000,
    expiresAt: 2000,
    progress: planOf(kind),
    evidence: {
      edit: {
        commit: "b",
        url: "https://github.com/commit/b",
        author: "diego",
        at: 1500,
        from: "production-40655",
        to: "production-40612",
        commits: 1,
      },
    },
  },
});

const asked = (id: string) =>
  [
    {
      key: `abcdef00000${id}`,
      kind: "deploy",
      environment: "production",
      target: { from: "branch" },
      requester: alex,
      requestedAt: 3000,
      expiresAt: 9000,
      progress: planOf({ kind: "deploy", target: { from: "branch" } }),
    },
    { id, conversation: "19:channel@thread.tacv2;messageid=7", reference: "{}" },
  ] as const;

describe.each(stores)("on %s", (store) => {
  let open: OpenLedger;
  let database: Database;

  beforeEach(async () => {
    open = await openEmpty(store);
    ({ database } = open);
  });

  afterEach(async () => {
    await open.close();
  });

  describe("the watch of a file in the ledger", () => {
    test("P19 of several who ask, one gets the look, and the others know when the next is due", async () => {
      const ledger = createLedger(database.db);
      const answers = await Promise.all(
        [1, 2, 3].map(() => ledger.beginWatch("production", 1000, 61_000)),
      );
      expect(answers.map(({ state }) => state).toSorted()).toEqual(["later", "later", "yours"]);
      expect(answers).toContainEqual({ state: "later", at: 61_000 });
      expect(await ledger.beginWatch("staging", 1000, 61_000)).toMatchObject({ state: "yours" });
      expect(await ledger.beginWatch("production", 61_000, 121_000)).toMatchObject({
        state: "yours",
        mark: undefined,
      });
    });

    test("a look that was planned by a clock that ran ahead does not hold the watch up", async () => {
      const ledger = createLedger(database.db);
      await ledger.beginWatch("production", 9_000_000, 9_060_000);
      expect(await ledger.beginWatch("production", 1000, 61_000)).toMatchObject({ state: "yours" });
    });

    test("P17 the mark stays over a restart, and moves only from where it was", async () => {
      const ledger = createLedger(database.db);
      await ledger.beginWatch("production", 1000, 2000);
      expect(await ledger.moveMark("production", undefined, first)).toBe(true);
      expect(await ledger.moveMark("production", undefined, second)).toBe(false);
      expect(await createLedger(database.db).beginWatch("production", 2000, 3000)).toEqual({
        state: "yours",
        mark: first,
      });
      const broken = { ...second, broken: "yaml-invalid" };
      expect(await ledger.moveMark("production", first, broken)).toBe(true);
      expect(await ledger.beginWatch("production", 3000, 4000)).toEqual({
        state: "yours",
        mark: broken,
      });
    });

    test("P17 a change is written down with the mark, once, by whoever is first", async () => {
      const ledger = createLedger(database.db);
      await ledger.beginWatch("production", 1000, 2000);
      await ledger.moveMark("production", undefined, first);
      const told = await Promise.all([
        ledger.moveMark("production", first, second, noticed("0123456789ab")),
        ledger.moveMark("production", first, second, noticed("0123456789ac")),
      ]);
      expect(told.toSorted()).toEqual([false, true]);
      expect(await ledger.list("production", 10)).toMatchObject([
        { kind: "observed", state: "active", evidence: { edit: { to: "production-40612" } } },
      ]);
    });

    test("P17 a hint brings the next look forward, and never puts one off", async () => {
      const ledger = createLedger(database.db);
      await ledger.bringWatchForward("production", 500);
      await ledger.beginWatch("production", 1000, 61_000);
      await ledger.bringWatchForward("production", 3000);
      await ledger.bringWatchForward("production", 5000);
      expect(await ledger.beginWatch("production", 2999, 62_999)).toEqual({
        state: "later",
        at: 3000,
      });
      expect(await ledger.beginWatch("production", 3000, 63_000)).toMatchObject({ state: "yours" });
    });

    test("P17 a change that is followed is worked on, and holds no deployment up", async () => {
      const ledger = createLedger(database.db);
      await ledger.beginWatch("production", 1000, 2000);
      await ledger.moveMark("production", undefined, second, noticed());
      expect(await ledger.findActive("production")).toBeUndefined();
      expect(await ledger.nextDue()).toBe(2000);

      const created = await ledger.create(...asked("1"));
      expect(created.state).toBe("created");
      expect((await ledger.create(...asked("2"))).state).toBe("busy");
      expect(await ledger.findActive("production")).toMatchObject({ kind: "deploy" });

      const claim = await ledger.claim("one", 2000, 5000);
      expect(claim?.deployment).toMatchObject({ kind: "observed", state: "active" });
      if (claim === undefined) throw new Error("nothing to claim");
      const deployment = completes(claim.deployment, "observe", "done", {}, 2500);
      await ledger.save(claim, { deployment, nextAt: 99_000, trouble: undefined, audit: [] });
      await ledger.wake(claim.deployment.id, 2600);
      expect(await ledger.claim("two", 2600, 6000)).toMatchObject({
        deployment: { id: claim.deployment.id, state: "active" },
      });
    });

    test("P17 it is looked at again at once after a start", async () => {
      const ledger = createLedger(database.db);
      await ledger.beginWatch("production", 1000, 2000);
      await ledger.moveMark("production", undefined, second, noticed());
      const claim = await ledger.claim("one", 2000, 5000);
      if (claim === undefined) throw new Error("nothing to claim");
      await ledger.save(claim, { ...claim, nextAt: 50_000, trouble: undefined, audit: [] });
      await bringForward(database.db, 6000);
      expect(await ledger.nextDue()).toBe(6000);
    });

    test("P12 who noticed it, and what, is in the audit trail", async () => {
      const ledger = createLedger(database.db);
      await ledger.beginWatch("production", 1000, 2000);
      await ledger.moveMark("production", undefined, second, noticed());
      const [line] = await database.db.selectFrom("audit").selectAll().execute();
      expect(line).toMatchObject({ actor_name: "omnibot", action: "noticed", deployment_id: 1 });
      expect(JSON.parse(line?.facts ?? "")).toMatchObject({ edit: { author: "diego" } });
    });

    test("a thread that omnibot begins has its place from then on", async () => {
      const ledger = createLedger(database.db);
      const threads = createThreads(database.db);
      await ledger.beginWatch("production", 1000, 2000);
      await ledger.moveMark("production", undefined, second, noticed());
      const claim = await threads.claimThread("one", 2000, 5000);
      if (claim === undefined) throw new Error("nothing to show");
      expect(claim.conversation).toBe("19:channel@thread.tacv2");
      const begun = { conversation: "19:channel@thread.tacv2;messageid=9", reference: '{"a":1}' };
      expect(await threads.keepThread({ ...claim, ...begun }, "{}", 6000)).toBe(true);
      await threads.releaseThread(claim, "{}", -1, 2000);
      expect(await threads.claimThread("two", 7000, 9000)).toMatchObject(begun);
      expect(await ledger.isThread(1, begun.conversation)).toBe(true);
    });
  });

  describe("the channels", () => {
    test("keep how omnibot speaks in each, the newest", async () => {
      const channels = createChannels(database.db);
      expect(await channels.find("19:a@thread.tacv2")).toBeUndefined();
      await channels.remember("19:a@thread.tacv2", "old", 1);
      await channels.remember("19:a@thread.tacv2", "new", 2);
      expect(await channels.find("19:a@thread.tacv2")).toBe("new");
    });

    test("know where an environment was talked about last", async () => {
      const channels = createChannels(database.db);
      expect(await channels.lastConversation("production")).toBeUndefined();
      await createLedger(database.db).create(...asked("1"));
      expect(await channels.lastConversation("production")).toBe(
        "19:channel@thread.tacv2;messageid=7",
      );
      expect(await channels.lastConversation("staging")).toBeUndefined();
    });
  });
});
