import { sql } from "kysely";
import type {
  Claim,
  Delivery,
  Ledger,
  NewDeployment,
  Threads,
} from "../../src/deployment/ledger.ts";
import { planOf } from "../../src/deployment/steps.ts";
import { completes, expires, fails, waits } from "../../src/deployment/transitions.ts";
import type { Database } from "../../src/store/database.ts";
import { bringForward, handOver } from "../../src/store/hand-over.ts";
import { createLedger } from "../../src/store/ledger.ts";
import { createLockStore } from "../../src/store/locks.ts";
import { createThreads } from "../../src/store/threads.ts";
import { openEmpty, stores, type OpenLedger } from "./open.ts";

const alex = { id: "aaaaaaaa-0000-4000-8000-000000000001", name: "Alex Wilber" };
const megan = { id: "aaaaaaaa-0000-4000-8000-000000000002", name: "Megan Bowen" };
const lee = { id: "aaaaaaaa-0000-4000-8000-000000000003", name: "Lee Gu" };

describe.each(stores)("the ledger on %s", (store) => {
  let open: OpenLedger;
  let database: Database;
  let ledger: Ledger;
  let threads: Threads;
  let count = 0;

  beforeEach(async () => {
    open = await openEmpty(store);
    ({ database } = open);
    ledger = createLedger(database.db);
    threads = createThreads(database.db);
  });

  afterEach(async () => {
    await open.close();
  });

  function request(environment = "production", at = 1000): NewDeployment {
    const target = { from: "branch" as const };
    const progress = planOf({ kind: "deploy", target });
    return {
      key: `key-${(count += 1)}`,
      kind: "deploy",
      environment,
      target,
      requester: alex,
      requestedAt: at,
      expiresAt: at + 60_000,
      progress,
    };
  }

  function delivery(id = `message-${(count += 1)}`): Delivery {
    return { id, conversation: "19:deployments@thread.tacv2;messageid=1", reference: '{"a":1}' };
  }

  async function create(environment = "production") {
    const created = await ledger.create(request(environment), delivery());
    if (created.state !== "created") throw new Error(`it was ${created.state}`);
    return created.deployment;
  }

  async function claim(now = 1000): Promise<Claim> {
    const claimed = await ledger.claim("one", now, now + 5000);
    if (claimed === undefined) throw new Error("nothing was due");
    return claimed;
  }

  async function audit(): Promise<string[]> {
    const rows = await database.db.selectFrom("audit").select("action").orderBy("id").execute();
    return rows.map((row) => row.action);
  }

  test("a deployment comes back as it was written", async () => {
    const deployment = await create();
    expect(await ledger.get(deployment.id)).toEqual(deployment);
    expect(deployment).toMatchObject({
      state: "active",
      requester: alex,
      evidence: {},
      approvals: [],
    });
    expect(await ledger.list("production", 5)).toEqual([deployment]);
    expect(await ledger.findActive("production")).toEqual(deployment);
    expect(await ledger.findActive("staging")).toBeUndefined();
  });

  test("P6 an environment has one active deployment, whoever asks at the same time", async () => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => ledger.create(request(), delivery())));
    expect(answers.map((one) => one.state).toSorted()).toEqual(["busy", "busy", "busy", "created"]);
    expect(await create("staging")).toMatchObject({ environment: "staging" });
  });

  describe("a rollback from a failed deployment", () => {
    const wayBack = { build: 40655, tag: "production-40655" };
    const failure = { code: "crash-loop", step: "approve", detail: "", wayBack };

    async function breakOne(next?: NewDeployment): Promise<number> {
      const { id } = await create();
      const held = await claim();
      const deployment = fails(held.deployment, failure, {}, 2000);
      const update = { deployment, nextAt: 2000, trouble: undefined, audit: [] };
      expect(await ledger.save(held, next === undefined ? update : { ...update, next })).toEqual({
        state: "let-go",
      });
      return id;
    }

    test("is told to it in the same moment, and its card is drawn again", async () => {
      const id = await breakOne();
      const created = await ledger.create({ ...request(), undoes: id }, delivery());
      const by = created.state === "created" ? created.deployment.id : undefined;
      const failed = await ledger.get(id);
      expect(failed?.failure?.wayBack).toEqual({ ...wayBack, asked: by });
      expect(failed).toMatchObject({ state: "failed", revision: 2 });
    });

    test("P19 is told to it also when somebody saves it between the look at it and the mark", async () => {
      const id = await breakOne();
      const ask = () => ledger.create({ ...request("staging"), undoes: id }, delivery());
      // SQLite has one who writes at a time: nobody can come between.
      const created = await (store === "postgres" ? whileSaving(id, ask) : ask());
      const by = created.state === "created" ? created.deployment.id : 0;
      expect((await ledger.get(id))?.failure?.wayBack).toEqual({ ...wayBack, asked: by });
    });

    /** Saves the row in a transaction that ends when the other one, which has read it before, waits for that. */
    async function whileSaving<T>(id: number, other: () => Promise<T>): Promise<T> {
      const saving = await database.db.transaction().execute(async (tx) => {
        await tx
          .updateTable("deployment")
          .set((eb) => ({ revision: eb("revision", "+", 1) }))
          .where("id", "=", id)
          .execute();
        const result = other();
        const waiting = sql<{
          yes: boolean;
        }>`select count(*) > 0 as yes from pg_locks where not granted`;
        while ((await waiting.execute(database.db)).rows[0]?.yes !== true);
        return { result };
      });
      return saving.result;
    }

    test("begins with its end where omnibot goes back by itself, in its thread and by nobody", async () => {
      const target = { from: "build", build: 40655, automatic: true } as const;
      const id = await breakOne({ ...request(), kind: "rollback", target, undoes: 1 });
      const next = await ledger.findActive("production");
      expect(next).toMatchObject({ kind: "rollback", target, state: "active" });
      expect(await ledger.isThread(next?.id ?? 0, "19:deployments@thread.tacv2;messageid=1")).toBe(
        true,
      );
      expect((await ledger.get(id))?.failure?.wayBack?.asked).toBe(next?.id);
      const [row] = await database.db
        .selectFrom("audit")
        .select(["actor_id", "action"])
        .where("deployment_id", "=", next?.id ?? 0)
        .execute();
      expect(row).toEqual({ actor_id: "omnibot", action: "requested" });
    });

    test("does not begin by itself where somebody keeps the build, and nobody reads that it does", async () => {
      const block = { build: 40655, reason: "The map is wrong", by: alex, since: 1 };
      await createLockStore(database.db).block(block, { id: "m", conversation: "c" });
      const target = { from: "build", build: 40655, automatic: true } as const;
      const { id } = await create();
      const held = await claim();
      const own = { ...failure, wayBack: { ...wayBack, automatic: true } };
      const deployment = fails(held.deployment, own, {}, 2000);
      const next = { ...request(), kind: "rollback", target, undoes: id } as const;
      const update = { deployment, nextAt: 2000, trouble: undefined, audit: [], next };
      expect(await ledger.save(held, update)).toEqual({ state: "let-go" });
      expect(await ledger.findActive("production")).toBeUndefined();
      expect((await ledger.get(id))?.failure?.wayBack).toEqual(wayBack);
      expect(await audit()).toContain("refused:request");
    });

    test("P19 does not begin when the failure was not this one's to tell", async () => {
      await create();
      const held = await claim();
      await ledger.claim("two", 10_000, 20_000);
      const deployment = fails(held.deployment, failure, {}, 2000);
      const next = { ...request(), undoes: held.deployment.id };
      const update = { deployment, nextAt: 2000, trouble: undefined, audit: [], next };
      expect(await ledger.save(held, update)).toEqual({ state: "lost" });
      expect(await ledger.list("production", 5)).toHaveLength(1);
    });
  });

  test("P4 a failure that is followed is claimed and woken like any other, and leaves its environment free", async () => {
    const { id } = await create();
    const held = await claim();
    const failure = { code: "crash-loop", step: "roll-out", detail: "web crashed" };
    const failed = {
      ...held.deployment,
      state: "failed" as const,
      endedAt: 1000,
      failure,
      following: { until: 9000, sentence: "" },
    };
    const update = { deployment: failed, nextAt: 5000, trouble: undefined, audit: [] };
    expect(await ledger.save(held, update)).toEqual({ state: "let-go" });
    expect(await ledger.findActive("production")).toBeUndefined();
    expect((await create()).id).toBeGreaterThan(id);
    expect((await claim(1000)).deployment.id).toBeGreaterThan(id);

    await ledger.wake(id, 2000);
    const again = await claim(2000);
    expect(again.deployment).toMatchObject({ id, state: "failed", following: { until: 9000 } });
    const { following: _, ...settled } = again.deployment;
    await ledger.save(again, { ...update, deployment: settled });
    expect(await ledger.claim("one", 9000, 9500)).not.toMatchObject({ deployment: { id } });
  });

  test("the same message again creates nothing, even after the first ended", async () => {
    const first = await ledger.create(request(), delivery("message-x"));
    expect(first.state).toBe("created");
    expect(await ledger.create(request(), delivery("message-x"))).toMatchObject({
      state: "repeated",
    });
    const claimed = await claim(70_000);
    await ledger.save(claimed, {
      deployment: expires(claimed.deployment, 70_000),
      nextAt: 0,
      trouble: undefined,
      audit: [],
    });
    expect(await ledger.create(request(), delivery("message-x"))).toMatchObject({
      state: "repeated",
    });
  });

  test("the same message again, which somebody else's was in the way of, hears so again", async () => {
    const holder = await create();
    const asked = request("production", 1001);
    for (const _ of [1, 2]) {
      expect(await ledger.create(asked, delivery("message-y"))).toEqual({
        state: "busy",
        deployment: holder,
      });
    }
    expect(await ledger.list("production", 5)).toHaveLength(1);
  });

  test("P3 what may come again after a refusal creates one deployment in its life, whoever comes first", async () => {
    const choice = { ...delivery("choice"), untilCreated: true };
    const holder = await create();
    expect(await ledger.create(request("production", 1001), choice)).toMatchObject({
      state: "busy",
    });
    const ended = expires((await claim(1000)).deployment, 2000);
    await ledger.save(await claim(7000), {
      deployment: ended,
      nextAt: 0,
      trouble: undefined,
      audit: [],
    });
    const owner = { id: "someone", name: "Adele Vance" };
    const locks = createLockStore(database.db);
    const lock = { environment: "production", owner, reason: "mine", since: 1 };
    await locks.lock(lock, { id: "lock", conversation: "c" });
    expect(await ledger.create(request("production", 3000), choice)).toMatchObject({
      state: "locked",
    });
    await locks.unlock("production", owner, 3001, { id: "unlock", conversation: "c" });

    const made = await Promise.all(
      [1, 2, 3].map((n) => ledger.create(request("production", 3001 + n), choice)),
    );
    expect(made.map(({ state }) => state).toSorted()).toEqual(["created", "repeated", "repeated"]);
    const ids = made.map((one) => ("deployment" in one ? one.deployment?.id : undefined));
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toBeGreaterThan(holder.id);
  });

  test("P18 a newer version may add columns while this one is at work", async () => {
    const { id } = await create();
    for (const added of [undefined, "newer", "newest"]) {
      if (added !== undefined) {
        for (const table of ["deployment", "thread", "approval"] as const)
          await database.db.schema.alterTable(table).addColumn(added, "text").execute();
      }
      const held = await claim();
      const thread = await threads.claimThread("one", 1000, 6000);
      if (thread === undefined) throw new Error("there is no thread to show");
      await threads.releaseThread(thread, undefined, -1, 0);
      expect((await ledger.get(id))?.id).toBe(id);
      const update = { deployment: held.deployment, nextAt: 1000, trouble: undefined, audit: [] };
      expect(await ledger.save(held, update)).toEqual({ state: "let-go" });
    }
  });

  test("of all who claim a due row, one gets it until its lease ends", async () => {
    await create();
    const claims = await Promise.all(
      ["a", "b", "c"].map((owner) => ledger.claim(owner, 1000, 6000)),
    );
    expect(claims.filter((one) => one !== undefined)).toHaveLength(1);
    expect(await ledger.claim("d", 5999, 9000)).toBeUndefined();
    expect(await ledger.nextDue()).toBe(6000);
    expect(await ledger.claim("d", 6000, 9000)).toMatchObject({ owner: "d" });
  });

  test("a hint brings the next look forward, and never puts one off", async () => {
    const { id } = await create();
    const first = await claim(1000);
    const update = { deployment: first.deployment, trouble: undefined, audit: [] };
    expect(await ledger.save(first, { ...update, nextAt: 60_000 })).toEqual({ state: "let-go" });
    await ledger.bringForward(id, 2000, 4000);
    expect(await ledger.nextDue()).toBe(4000);
    await ledger.bringForward(id, 2000, 9000);
    expect(await ledger.nextDue()).toBe(4000);
    expect(await ledger.listWorkedOn()).toMatchObject([{ id, state: "active" }]);
  });

  test("a hint during a look is seen after it, when its time has come", async () => {
    const { id } = await create();
    const held = await claim(1000);
    await ledger.bringForward(id, 2000, 4000);
    const update = { deployment: held.deployment, trouble: undefined, audit: [] };
    expect(await ledger.save(held, { ...update, nextAt: 60_000 })).toEqual({ state: "let-go" });
    expect(await ledger.nextDue()).toBe(4000);
  });

  test("whoever lost the lease can neither save nor act", async () => {
    await create();
    const old = await claim(1000);
    const next = await ledger.claim("two", 7000, 12_000);
    expect(next).toBeDefined();
    const update = { deployment: old.deployment, nextAt: 0, trouble: undefined, audit: [] };
    expect(await ledger.save(old, update)).toEqual({ state: "lost" });
    expect(await ledger.intend(old, "merge", 7000, 12_000, {})).toBe(false);
    expect(await ledger.findEffect(old.deployment.id, "merge")).toBeUndefined();
  });

  test("P19 a row that is kept goes on as a new claim, and the old one can do nothing more", async () => {
    await create();
    const old = await claim(1000);
    const run = { id: 40672, number: "40672", commit: "c0ffee", url: "https://dev.azure.com/run" };
    const deployment = waits(old.deployment, "approve", "Waits", { run }, 1000);
    const update = { deployment, nextAt: 1000, trouble: undefined, audit: [] };
    const done = await ledger.save(old, update, 8000);
    if (done.state !== "kept") throw new Error(done.state);
    expect(done.claim).toMatchObject({ owner: old.owner, dueAt: 1000, wakes: old.wakes });
    expect(done.claim.deployment).toEqual(await ledger.get(old.deployment.id));
    expect(await ledger.claim("two", 7999, 12_000)).toBeUndefined();
    expect(await ledger.renew(old, 20_000)).toBe(false);
    expect(await ledger.intend(old, "merge", 2000, 12_000, {})).toBe(false);
    expect(await ledger.save(old, update)).toEqual({ state: "lost" });
    expect(await ledger.intend(done.claim, "merge", 2000, 8000, {})).toBe(true);
    expect(await ledger.save(done.claim, update)).toEqual({ state: "let-go" });
    expect(await ledger.claim("two", 2000, 12_000)).toBeDefined();
  });

  test("a row that was woken during a look is not kept: whoever decided is heard first", async () => {
    const { id } = await create();
    const held = await claim(1000);
    await ledger.approve(id, { person: megan, at: 1500 }, 1);
    const deployment = waits(held.deployment, "approve", "Waits", {}, 1500);
    const update = { deployment, nextAt: 1500, trouble: undefined, audit: [] };
    expect(await ledger.save(held, update, 8000)).toEqual({ state: "let-go" });
    expect((await claim(1500)).deployment.approvals).toMatchObject([{ person: megan }]);
  });

  test("a row that was woken during a look is due at once", async () => {
    const { id } = await create();
    const claimed = await claim(1000);
    await ledger.wake(id, 1500);
    const deployment = waits(claimed.deployment, "approve", "Waits", {}, 1000);
    await ledger.save(claimed, { deployment, nextAt: 60_000, trouble: undefined, audit: [] });
    expect(await ledger.claim("one", 1500, 6000)).toBeDefined();
  });

  test("P3 of two people at the same moment as many approve as are required", async () => {
    for (const required of [1, 2]) {
      const { id } = await create(`with-${required}`);
      const answers = await Promise.all([
        ledger.approve(id, { person: megan, at: 2000 }, required),
        ledger.approve(id, { person: lee, at: 2000 }, required),
      ]);
      expect(answers.filter((one) => one !== undefined)).toHaveLength(required);
      expect((await ledger.get(id))?.approvals).toHaveLength(required);
    }
  });

  test("P3 one person's approval counts once", async () => {
    const { id } = await create();
    const answers = await Promise.all([
      ledger.approve(id, { person: megan, at: 2000 }, 1),
      ledger.approve(id, { person: megan, at: 2000 }, 1),
    ]);
    expect(answers.filter((one) => one !== undefined)).toHaveLength(1);
    expect((await ledger.get(id))?.approvals).toEqual([{ person: megan, at: 2000 }]);
    expect(await audit()).toEqual(["requested", "approved"]);
  });

  test("nobody approves what has expired, was rejected, or is being built", async () => {
    const { id } = await create();
    expect(await ledger.approve(id, { person: megan, at: 61_000 }, 1)).toBeUndefined();
    const claimed = await claim(2000);
    const building = completes(claimed.deployment, "approve", "by Megan Bowen", {}, 2000);
    await ledger.save(claimed, {
      deployment: building,
      nextAt: 2000,
      trouble: undefined,
      audit: [],
    });
    expect(await ledger.approve(id, { person: megan, at: 3000 }, 1)).toBeUndefined();
    expect(await ledger.reject(id, { person: megan, at: 3000 }, "no")).toBeUndefined();
  });

  test("P12 P19 what several record as done at once is recorded once, and is not intended again", async () => {
    await create();
    const claimed = await claim();
    await ledger.intend(claimed, "start-run", 1000, 6000, {});
    const settle = (id: number) => ledger.settle(claimed, "start-run", "done", { id }, 1100);
    await Promise.all([1, 2, 3, 4, 5, 6].map(settle));
    expect(await audit()).toEqual(["requested", "intent:start-run", "done:start-run"]);
    expect(await ledger.intend(claimed, "start-run", 1200, 6200, {})).toBe(false);
    expect(await ledger.findEffect(claimed.deployment.id, "start-run")).toMatchObject({
      status: "done",
      intentAt: 1000,
    });
  });

  test("P3 a rejection after an approval counts until something is begun, and the look that would begin it is fenced", async () => {
    const { id } = await create();
    await ledger.approve(id, { person: megan, at: 1500 }, 1);
    const claimed = await claim(2000);
    const rejected = await ledger.reject(id, { person: alex, at: 2001 }, "wait");
    expect(rejected).toMatchObject({ state: "rejected", approvals: [{ person: megan }] });
    expect(await ledger.intend(claimed, "start-run", 2002, 7002, {})).toBe(false);
    const begun = completes(claimed.deployment, "approve", "by Megan Bowen", {}, 2002);
    const update = { deployment: begun, nextAt: 2002, trouble: undefined, audit: [] };
    expect(await ledger.save(claimed, update)).toEqual({ state: "lost" });
    expect(await ledger.get(id)).toEqual(rejected);
  });

  test("a rejection ends the request, and a look that was under way does not bring it back", async () => {
    const { id } = await create();
    const claimed = await claim();
    const rejected = await ledger.reject(id, { person: megan, at: 1500 }, "not today");
    expect(rejected).toMatchObject({
      state: "rejected",
      rejection: { person: megan, at: 1500, reason: "not today" },
    });
    const update = { deployment: claimed.deployment, nextAt: 0, trouble: undefined, audit: [] };
    expect(await ledger.save(claimed, update)).toEqual({ state: "lost" });
    expect(await ledger.get(id)).toEqual(rejected);
    expect(await create()).toMatchObject({ state: "active" });
  });

  test("a request does not expire over an approval that came in meanwhile", async () => {
    const { id } = await create();
    const claimed = await claim(61_000);
    await ledger.approve(id, { person: megan, at: 60_999 }, 1);
    const update = {
      deployment: expires(claimed.deployment, 61_000),
      nextAt: 0,
      trouble: undefined,
      audit: [],
    };
    expect(await ledger.save(claimed, update)).toEqual({ state: "lost" });
    expect(await ledger.get(id)).toMatchObject({ state: "active", approvals: [{ person: megan }] });
  });

  test("P12 the audit entry of an effect is there before the effect, and nobody can change it", async () => {
    await create();
    const claimed = await claim();
    await ledger.intend(claimed, "start-run", 1000, 6000, { commit: "3f9c2ab" });
    expect(await audit()).toEqual(["requested", "intent:start-run"]);
    await ledger.settle(claimed, "start-run", "done", { id: 40672 }, 1100);
    expect(await audit()).toEqual(["requested", "intent:start-run", "done:start-run"]);
    await expect(database.db.updateTable("audit").set({ action: "x" }).execute()).rejects.toThrow(
      /only grows/,
    );
    await expect(database.db.deleteFrom("audit").execute()).rejects.toThrow(/only grows/);
  });

  test("what came of an effect is kept, and the first final answer stays", async () => {
    const { id } = await create();
    const claimed = await claim();
    await ledger.intend(claimed, "merge", 1000, 6000, {});
    await ledger.settle(claimed, "merge", "intent", { state: "merging" }, 1100);
    expect(await ledger.findEffect(id, "merge")).toMatchObject({
      status: "intent",
      intentAt: 1000,
      result: { state: "merging" },
    });
    await ledger.settle(claimed, "merge", "done", { state: "merged" }, 1200);
    await ledger.settle(claimed, "merge", "done", { state: "other" }, 1300);
    expect(await ledger.findEffect(id, "merge")).toMatchObject({
      status: "done",
      result: { state: "merged" },
    });
    await ledger.forget(claimed, "merge", 1400, "never");
    expect(await ledger.findEffect(id, "merge")).toMatchObject({ status: "done" });
  });

  test("an intent that had no effect is taken back, and the trail says so", async () => {
    const { id } = await create();
    const claimed = await claim();
    await ledger.intend(claimed, "merge", 1000, 6000, {});
    await ledger.forget(claimed, "merge", 1100, "GitHub refused it");
    expect(await ledger.findEffect(id, "merge")).toBeUndefined();
    expect(await audit()).toEqual(["requested", "intent:merge", "not-done:merge"]);
  });

  test("a thread is due until it shows the newest revision, and is drawn by one process at a time", async () => {
    const { id } = await create();
    const first = await threads.claimThread("one", 1000, 6000);
    expect(first).toMatchObject({
      deployment: { id },
      reference: '{"a":1}',
      sent: undefined,
      revision: 0,
    });
    expect(await threads.claimThread("two", 1000, 6000)).toBeUndefined();
    if (first === undefined) throw new Error("no thread was due");

    expect(await threads.readThread(id)).toBeUndefined();
    expect(await threads.keepThread(first, '{"card":"posting"}', 7000)).toBe(true);
    expect(await threads.readThread(id)).toBe('{"card":"posting"}');
    await threads.releaseThread(first, '{"card":"1"}', 0, 1000);
    expect(await threads.claimThread("one", 2000, 6000)).toBeUndefined();
    expect(await threads.keepThread(first, "late", 9000)).toBe(false);

    await ledger.approve(id, { person: megan, at: 2500 }, 1);
    expect(await threads.claimThread("two", 3000, 8000)).toMatchObject({
      sent: '{"card":"1"}',
      revision: 1,
    });
  });

  test("P19 a thread that somebody drew over is taken from whoever draws it, and is due again, though it seems up to date", async () => {
    const { id } = await create();
    const claimed = await threads.claimThread("one", 1000, 6000);
    if (claimed === undefined) throw new Error("no thread was due");
    expect(claimed.spoiled).toBe(false);
    await threads.spoilThread(id);
    expect(await threads.keepThread(claimed, "late", 9000)).toBe(false);
    const again = await threads.claimThread("two", 1000, 6000);
    expect(again).toMatchObject({ spoiled: true, revision: 0 });
    if (again === undefined) throw new Error("no thread was due");
    await threads.releaseThread(again, "drawn", again.revision, 1000);
    expect(await threads.claimThread("one", 2000, 7000)).toBeUndefined();
  });

  test("P19 what a process hands over is free and due at once, and whatever that process still does is fenced", async () => {
    const { id } = await create();
    const held = await claim(1000);
    const thread = await threads.claimThread("one", 1000, 6000);
    if (thread === undefined) throw new Error("no thread was due");
    await handOver(database.db, "somebody else", 1100);
    expect(await ledger.claim("two", 1100, 6000)).toBeUndefined();
    await handOver(database.db, "one", 1100);
    const update = { deployment: held.deployment, nextAt: 0, trouble: undefined, audit: [] };
    expect(await ledger.intend(held, "merge", 1100, 6000, {})).toBe(false);
    expect(await ledger.save(held, update)).toEqual({ state: "lost" });
    expect(await ledger.renew(held, 9000)).toBe(false);
    expect(await threads.keepThread(thread, "late", 9000)).toBe(false);
    expect(await ledger.claim("two", 1100, 6000)).toMatchObject({ deployment: { id } });
    expect(await threads.claimThread("two", 1100, 6000)).toMatchObject({ deployment: { id } });
  });

  test("after a start, and after the clock went back, everything that waits for time alone is due at once", async () => {
    const hour = 60 * 60_000;
    await create();
    const held = await claim(10 * hour);
    const far = {
      deployment: held.deployment,
      nextAt: 10 * hour + 3000,
      trouble: undefined,
      audit: [],
    };
    await ledger.save(held, far);
    expect(await ledger.claim("one", hour, hour + 5000)).toBeUndefined();
    await bringForward(database.db, hour);
    const again = await ledger.claim("one", hour, 10 * hour);
    expect(again).toBeDefined();
    expect(await ledger.claim("two", hour, hour + 5000)).toBeUndefined();
    // A lease that seems to last for hours is one of before.
    await bringForward(database.db, hour);
    expect(await ledger.claim("two", hour, hour + 5000)).toBeDefined();
  });

  test("after a start, what is overdue stays so: it shows since when nobody looked", async () => {
    await create();
    await bringForward(database.db, 500_000);
    expect(await claim(500_000)).toMatchObject({ dueAt: 1000 });
  });

  test("P5 after the clock went back, a doubt begins anew instead of lasting until it was before", async () => {
    const { id } = await create();
    const held = await claim(900_000);
    await ledger.intend(held, "start-run", 900_000, 930_000, {});
    await bringForward(database.db, 5000);
    expect(await ledger.findEffect(id, "start-run")).toMatchObject({ intentAt: 5000 });
  });

  test("P18 what a newer version has put into a story stays there when this one saves", async () => {
    const { id } = await create();
    const held = await claim(1000);
    const newer = { ...held.deployment, approvedTwice: { by: "somebody" } };
    await ledger.save(held, { deployment: newer, nextAt: 2000, trouble: undefined, audit: [] });
    const again = await claim(2000);
    const known = waits(again.deployment, "approve", "Waits", {}, 2000);
    await ledger.save(again, { deployment: known, nextAt: 9000, trouble: undefined, audit: [] });
    expect(await ledger.get(id)).toMatchObject({ approvedTwice: { by: "somebody" } });
  });

  test("a service that asked for a pause gets it, also over a start", async () => {
    await create();
    const held = await claim(1000);
    const trouble = { since: 1000, count: 1, message: "GitHub asks for a pause" };
    await ledger.save(held, { deployment: held.deployment, nextAt: 50_000, trouble, audit: [] });
    await bringForward(database.db, 2000);
    expect(await ledger.claim("one", 2000, 7000)).toBeUndefined();
  });

  test("a thread belongs to one conversation", async () => {
    const { id } = await create();
    expect(await ledger.isThread(id, "19:deployments@thread.tacv2;messageid=1")).toBe(true);
    expect(await ledger.isThread(id, "19:deployments@thread.tacv2;messageid=2")).toBe(false);
  });
});
