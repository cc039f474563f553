import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SQLite from "better-sqlite3";
import type { NewDeployment } from "../../src/deployment/ledger.ts";
import { completes, fails } from "../../src/deployment/transitions.ts";
import { createChannels } from "../../src/store/channels.ts";
import { openDatabase, type Database } from "../../src/store/database.ts";
import { createLedger } from "../../src/store/ledger.ts";
import { createLockStore } from "../../src/store/locks.ts";
import { migrate } from "../../src/store/migrations.ts";
import { createThreads } from "../../src/store/threads.ts";

/** What grows as long as people deploy. */
const growing = /^SCAN (deployment|audit|effect|thread|approval|delivery|due)\b/;

let folder: string;
let database: Database;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "omnibot-queries-"));
  database = openDatabase({ file: join(folder, "omnibot.sqlite") });
  await migrate(database);
});

afterAll(async () => {
  await database.db.destroy();
  rmSync(folder, { recursive: true });
});

test("no query of everyday work reads the whole history", async () => {
  const statements = [...(await asked(work))].filter((text) =>
    /^(select|insert|update|delete)/.test(text),
  );
  expect(statements.length).toBeGreaterThan(30);
  expect(statements.flatMap(plan).filter((line) => growing.test(line))).toEqual([]);
});

test("a query that reads the whole history is seen", () => {
  const query = "select id from deployment where requester_name = ?";
  expect(plan(query).some((line) => growing.test(line))).toBe(true);
});

/** The statements that SQLite is given meanwhile. */
async function asked(doing: () => Promise<void>): Promise<ReadonlySet<string>> {
  const texts = new Set<string>();
  const prepare = Reflect.get(SQLite.prototype, "prepare") as (text: string) => unknown;
  Reflect.set(SQLite.prototype, "prepare", function note(this: unknown, text: string) {
    texts.add(text);
    return Reflect.apply(prepare, this, [text]);
  });
  try {
    await doing();
  } finally {
    Reflect.set(SQLite.prototype, "prepare", prepare);
  }
  return texts;
}

/** How SQLite would go about it, a line for each table; a partial index of what is under way is no whole history. */
function plan(text: string): readonly string[] {
  const reader = new SQLite(join(folder, "omnibot.sqlite"), { readonly: true });
  try {
    const parameters = Array.from({ length: text.split("?").length - 1 }, () => null);
    const rows = reader.prepare(`explain query plan ${text}`).all(...parameters);
    return rows
      .map((row) => (row as { readonly detail: string }).detail)
      .filter((line) => !line.includes("thread_behind"));
  } finally {
    reader.close();
  }
}

/** What a ledger is asked in the life of some deployments. */
async function work(): Promise<void> {
  const ledger = createLedger(database.db);
  const threads = createThreads(database.db);
  const locks = createLockStore(database.db);
  const channels = createChannels(database.db);
  const person = { id: "aaaaaaaa-0000-4000-8000-000000000001", name: "Alex Wilber" };
  const request = (key: string): NewDeployment => ({
    key,
    kind: "deploy",
    environment: "production",
    target: { from: "build", build: 40655 },
    requester: person,
    requestedAt: 1000,
    expiresAt: 60_000,
    progress: [{ step: "approve", title: "Approve", state: "pending" }],
  });
  const delivery = { id: "1", conversation: "19:x@thread.tacv2;messageid=1", reference: "{}" };

  for (const [key, ends] of [
    ["one", "live"],
    ["two", "failed"],
  ] as const) {
    const message = { ...delivery, id: key };
    const created = await ledger.create(request(key), message);
    if (created.state !== "created") throw new Error(`it is ${created.state}`);
    const { id } = created.deployment;
    expect(await ledger.create(request(`${key} again`), message)).toMatchObject({
      state: "repeated",
    });
    await ledger.create(request(`${key} too`), { ...delivery, id: `${key} too` });
    await ledger.wake(id, 1000);
    await ledger.approve(id, { person, at: 1000 }, 1);
    const held = await ledger.claim("one", 2000, 9000);
    if (held === undefined) throw new Error("nothing was due");
    await ledger.renew(held, 9000);
    await ledger.findEffect(id, "merge");
    await ledger.intend(held, "merge", 2000, 9000, {});
    await ledger.settle(held, "merge", "done", {}, 2000);
    await ledger.forget(held, "build", 2000, "refused");
    const failure = { code: "crash-loop", step: "approve", detail: "" } as const;
    const deployment =
      ends === "live"
        ? completes(held.deployment, "approve", "done", {}, 2000)
        : fails(held.deployment, failure, {}, 2000);
    const audit = [
      { at: 2000, deploymentId: id, actor: "omnibot", action: ends, facts: {} },
    ] as const;
    await ledger.save(held, { deployment, nextAt: 2000, trouble: undefined, audit });
    const thread = await threads.claimThread("one", 3000, 9000);
    if (thread === undefined) throw new Error("no thread was due");
    await threads.keepThread(thread, "{}", 9000);
    await threads.releaseThread(thread, "{}", thread.revision, 3000);
    await threads.readThread(id);
    await threads.spoilThread(id);
    await ledger.reject(id, { person, at: 3000 }, "no");
    await ledger.get(id);
    await ledger.isThread(id, delivery.conversation);
  }
  await ledger.nextDue();
  await ledger.listWorkedOn();
  await ledger.bringForward(1, 1000, 2000);
  await ledger.findActive("production");
  await ledger.list("production", 5);
  await ledger.remember(delivery, 1000);
  await ledger.beginWatch("production", 1000, 2000);
  const lock = { environment: "production", owner: person, reason: "why", since: 1, until: 2 };
  await locks.lock(lock, { ...delivery, id: "lock" });
  await locks.findLock("production", 1000);
  await locks.unlock("production", person, 1000, { ...delivery, id: "unlock" });
  await locks.findBlock(40655);
  await channels.remember("19:x@thread.tacv2", "{}", 1000);
  await channels.lastConversation("production");
}
