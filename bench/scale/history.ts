import { join } from "node:path";
import SQLite from "better-sqlite3";
import { openDatabase } from "../../src/store/database.ts";
import { createChannels } from "../../src/store/channels.ts";
import { createLedger } from "../../src/store/ledger.ts";
import { migrate } from "../../src/store/migrations.ts";
import { createThreads } from "../../src/store/threads.ts";
import type { Run } from "../part.ts";
import { median } from "../statistics.ts";

export interface History {
  readonly count: number;
  /** Milliseconds, by what was asked. */
  readonly times: Readonly<Record<string, number>>;
}

/** What the ledger's everyday questions take, after so many deployments of one environment. */
export async function measureHistory(
  run: Run,
  counts: readonly number[],
): Promise<readonly History[]> {
  const found: History[] = [];
  for (const count of counts) {
    run.note(`${count} deployments in the ledger`);
    const file = join(run.folder, `history-${count}.sqlite`);
    await migrate(openDatabase({ file }));
    fill(file, count);
    found.push({ count, times: await ask(file, run.short ? 5 : 60) });
  }
  return found;
}

/** Deployments that are over, each with its approvals, effects, audit trail and thread, as they are after a story. */
function fill(file: string, count: number): void {
  const database = new SQLite(file);
  const story = JSON.stringify({ progress: [], evidence: {}, filling: "x".repeat(3000) });
  const many = `with recursive number(n) as (select 1 union all select n + 1 from number where n < ${count})`;
  database.exec("begin");
  database
    .prepare(
      `${many} insert into deployment (key, kind, environment, target, requester_id, requester_name, requested_at, expires_at,
        state, step, story, ended_at, revision, next_at, wakes, version, lease_until)
      select 'key-' || n, 'deploy', 'production', '{"from":"branch"}', 'alex', 'Alex', n, n, 'live', null, ?, n, 20, n, 0, 40, 0
        from number`,
    )
    .run(story);
  database.exec(`insert into approval select id, 'megan', 'Megan', id from deployment`);
  for (const name of [
    "start-run",
    "create-branch",
    "commit-tag",
    "open-pull-request",
    "merge",
    "poke-flux",
  ])
    database.exec(`insert into effect select id, '${name}', 'done', id, '{}' from deployment`);
  for (let i = 0; i < 20; i += 1)
    database.exec(
      `insert into audit (at, deployment_id, actor_id, actor_name, action, facts)
        select id, id, 'omnibot', 'omnibot', 'step-done', '{}' from deployment`,
    );
  database.exec(`insert into delivery select '19:x', 'message-' || id, id from deployment`);
  database.exec(
    `insert into thread (deployment_id, conversation, reference, sent, shown_revision, next_at, version, lease_until)
      select id, '19:x;messageid=' || id, '{}', '{}', 20, id, 40, 0 from deployment`,
  );
  // As it is once each was shown.
  database.exec("update thread set shown_revision = 20");
  database.exec("commit");
  database.close();
}

async function ask(file: string, times: number): Promise<Record<string, number>> {
  const database = openDatabase({ file });
  const ledger = createLedger(database.db);
  const threads = createThreads(database.db);
  const channels = createChannels(database.db);
  const now = Date.now();
  let number = 0;
  const questions: Readonly<Record<string, () => Promise<unknown>>> = {
    "work that is due": () => ledger.claim("bench", now, now + 1000),
    "when work is due": () => ledger.nextDue(),
    "threads to draw": () => threads.claimThread("bench", now, now + 1000),
    "the last 20": () => ledger.list("production", 20),
    "the channel of an environment": () => channels.lastConversation("production"),
    "a message that came before": () => ledger.create(request(now, -1), deliveryOf(1)),
    "a new request": () => ledger.create(request(now, (number += 1)), deliveryOf(`new-${number}`)),
  };
  const found: Record<string, number> = {};
  for (const [what, question] of Object.entries(questions)) {
    const taken: number[] = [];
    for (let i = 0; i < times; i += 1) {
      const before = performance.now();
      await question();
      taken.push(performance.now() - before);
    }
    found[what] = median(taken);
  }
  await database.db.destroy();
  return found;
}

function deliveryOf(id: string | number) {
  const message = typeof id === "number" ? `message-${id}` : id;
  return { id: message, conversation: "19:x", reference: "{}" };
}

function request(now: number, number: number) {
  return {
    key: `new-${number}`,
    kind: "deploy",
    // Each new one has an environment of its own: that of the history may have one at a time.
    environment: number < 0 ? "production" : `e${number}`,
    target: { from: "branch" },
    requester: { id: "alex", name: "Alex" },
    requestedAt: now,
    expiresAt: now + 60_000,
    progress: [{ step: "approve", title: "Approve", state: "pending" }],
  } as const;
}
