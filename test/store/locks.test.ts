import type { Lock, LockStore } from "../../src/deployment/locks.ts";
import { planOf } from "../../src/deployment/steps.ts";
import { completes } from "../../src/deployment/transitions.ts";
import type { NewDeployment } from "../../src/deployment/ledger.ts";
import type { Database } from "../../src/store/database.ts";
import { createLedger } from "../../src/store/ledger.ts";
import { createLockStore } from "../../src/store/locks.ts";
import { openEmpty, stores, type OpenLedger } from "./open.ts";

const alex = { id: "aaaaaaaa-0000-4000-8000-000000000001", name: "Alex Wilber" };
const megan = { id: "aaaaaaaa-0000-4000-8000-000000000002", name: "Megan Bowen" };

describe.each(stores)("locks in the ledger on %s", (store) => {
  let open: OpenLedger;
  let database: Database;
  let locks: LockStore;
  let count = 0;

  beforeEach(async () => {
    open = await openEmpty(store);
    ({ database } = open);
    locks = createLockStore(database.db);
  });

  afterEach(async () => {
    await open.close();
  });

  const message = (id = `lock-${(count += 1)}`) => ({ id, conversation: "19:x;messageid=1" });
  const lock = (change: Partial<Lock> = {}): Lock => ({
    environment: "production",
    owner: megan,
    reason: "The map is wrong",
    since: 1000,
    ...change,
  });

  function request(change: Partial<NewDeployment> = {}): NewDeployment {
    const target = { from: "branch" as const };
    return {
      key: `key-${(count += 1)}`,
      kind: "deploy",
      environment: "production",
      target,
      requester: alex,
      requestedAt: 2000,
      expiresAt: 60_000,
      progress: planOf({ kind: "deploy", target }),
      ...change,
    };
  }

  const create = (asked: NewDeployment, id = `ask-${(count += 1)}`) =>
    createLedger(database.db).create(asked, { ...message(id), reference: "{}" });
  const audit = async () =>
    (await database.db.selectFrom("audit").select("action").orderBy("id").execute()).map(
      (row) => row.action,
    );

  test("P6 a lock keeps others out, in the same transaction as their request, and lets its owner in", async () => {
    expect(await locks.lock(lock(), message())).toEqual({ state: "locked", lock: lock() });
    expect(await create(request(), "again")).toEqual({ state: "locked", lock: lock() });
    expect(await create(request(), "again")).toEqual({ state: "locked", lock: lock() });
    expect(await create(request({ requester: megan }))).toMatchObject({ state: "created" });
    expect(await audit()).toEqual(["locked", "refused:request", "requested"]);
  });

  test("P6 nobody takes somebody else's lock; its owner may say why anew", async () => {
    await locks.lock(lock(), message());
    expect(await locks.lock(lock({ owner: alex }), message())).toEqual({
      state: "held",
      lock: lock(),
    });
    const anew = lock({ reason: "Still wrong", since: 1500, until: 9000 });
    expect(await locks.lock(anew, message())).toMatchObject({ state: "locked" });
    expect(await locks.findLock("production", 1600)).toEqual(anew);
  });

  test("P6 a lock ends by itself at its time, and nobody has to release it", async () => {
    await locks.lock(lock({ until: 1900 }), message());
    expect(await locks.findLock("production", 1899)).toBeDefined();
    expect(await locks.findLock("production", 1900)).toBeUndefined();
    expect(await create(request())).toMatchObject({ state: "created" });
    expect(await locks.unlock("production", alex, 2000, message())).toBe("not-locked");
  });

  test("anybody may release a lock; the audit says whose it was", async () => {
    await locks.lock(lock(), message());
    expect(await locks.unlock("production", alex, 1100, message())).toEqual(lock());
    expect(await locks.unlock("production", alex, 1100, message())).toBe("not-locked");
    const rows = await database.db.selectFrom("audit").selectAll().orderBy("id").execute();
    expect(rows.map(({ action, actor_name }) => [action, actor_name])).toEqual([
      ["locked", "Megan Bowen"],
      ["unlocked", "Alex Wilber"],
    ]);
    expect(rows[1]?.facts).toContain("Megan Bowen");
  });

  test("a message that comes again neither locks nor releases again", async () => {
    await locks.lock(lock(), message("first"));
    await locks.unlock("production", alex, 1100, message("second"));
    expect(await locks.lock(lock(), message("first"))).toEqual({ state: "repeated" });
    expect(await locks.findLock("production", 1200)).toBeUndefined();
    await locks.lock(lock(), message("third"));
    expect(await locks.unlock("production", alex, 1300, message("second"))).toBe("repeated");
    expect(await locks.findLock("production", 1400)).toBeDefined();
  });

  test("a blocked build is refused everywhere, by who and why, until it is released", async () => {
    const block = { build: 40_672, by: megan, reason: "Broken tiles", since: 1000 };
    await locks.block(block, message());
    expect(await locks.block({ ...block, by: alex, reason: "Mine" }, message())).toEqual(block);
    const build = request({ target: { from: "build", build: 40_672 } });
    expect(await create(build)).toEqual({ state: "blocked", block });
    expect(await create(request({ environment: "staging" }))).toMatchObject({ state: "created" });
    expect(await locks.unblock(40_672, alex, 2000, message())).toEqual(block);
    expect(await locks.unblock(40_672, alex, 2000, message())).toBe("not-blocked");
    expect(await create(build)).toMatchObject({ state: "created" });
  });

  test("an emergency passes locks and blocks, and stays marked", async () => {
    await locks.lock(lock(), message());
    const created = await create(request({ override: { reason: "The pods are burning" } }));
    expect(created).toMatchObject({
      state: "created",
      deployment: { override: { reason: "The pods are burning" } },
    });
  });

  test("P11 a rollback's hold is written with its merge, and does not replace somebody's lock", async () => {
    const ledger = createLedger(database.db);
    const target = { from: "build" as const, build: 40_655 };
    await create(
      request({ kind: "rollback", target, progress: planOf({ kind: "rollback", target }) }),
    );
    const hold = lock({ owner: alex, reason: "Rolled back", since: 3000, rollback: 1 });
    const claim = await ledger.claim("test", 3000, 4000);
    if (claim === undefined) throw new Error("nothing was due");
    const deployment = completes(claim.deployment, "approve", "", {}, 3000);
    const update = { deployment, nextAt: 3000, trouble: undefined, audit: [], hold };
    expect(await ledger.save(claim, update)).toEqual({ state: "let-go" });
    expect(await locks.findLock("production", 3100)).toEqual(hold);
    // Its owner does not deploy over it either.
    expect(await locks.lock(lock({ owner: alex }), message())).toEqual({
      state: "held",
      lock: hold,
    });
    await locks.unlock("production", alex, 3200, message());
    await locks.lock(lock({ since: 3300 }), message());
    const next = await ledger.claim("test", 3400, 4000);
    if (next === undefined) throw new Error("nothing was due");
    await ledger.save(next, { ...update, deployment: next.deployment });
    expect(await locks.findLock("production", 3500)).toMatchObject({ owner: megan });
  });
});
