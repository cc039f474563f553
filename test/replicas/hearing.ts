import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "pg";
import { cardText } from "../../sandbox/card-text.ts";
import { adele, alex, bot, type SandboxPerson } from "../../sandbox/people.ts";
import { planOf } from "../../src/deployment/steps.ts";
import { openDatabase } from "../../src/store/database.ts";
import { createLedger } from "../../src/store/ledger.ts";
import { until } from "./fleet.ts";
import type { Place, Told } from "./people.ts";

const hour = 60 * 60_000;
const patience = 30_000;
const look = 2;

/**
 * Writes a request and its rejection into the ledger as a replica would that ends right after its commit: whoever goes on has
 * heard of it from the ledger alone. `reaction` is the time from the commit until somebody has taken the row.
 */
export async function askAndVanish(
  { teams, witness }: Place,
  url: string,
  environment: string,
): Promise<Told> {
  const database = openDatabase({ url });
  const ledger = createLedger(database.db);
  const pool = new Pool({ connectionString: url, max: 1 });
  const { threadId: thread, messageId } = await teams.say(alex, "deploy", { mention: false });
  const target = { from: "branch" as const };
  const now = Date.now();
  const created = await ledger.create(
    {
      key: randomBytes(6).toString("hex"),
      kind: "deploy",
      environment,
      target,
      requester: personOf(alex),
      requestedAt: now,
      expiresAt: now + hour,
      progress: planOf({ kind: "deploy", target }),
    },
    {
      id: messageId,
      conversation: thread,
      reference: JSON.stringify({
        serviceUrl: teams.serviceUrl,
        conversation: { id: thread },
        bot,
      }),
    },
  );
  const committed = performance.now();
  if (created.state !== "created") throw new Error(`${environment} was ${created.state}`);
  const { id } = created.deployment;
  const isTaken = async () => {
    const query = "select version from deployment where id = $1 and version > 0";
    return (await pool.query(query, [id])).rowCount === 1;
  };
  let reaction: number | undefined;
  while (reaction === undefined && performance.now() - committed < patience) {
    if (await isTaken()) reaction = performance.now() - committed;
    else await delay(look);
  }

  const says = (words: string) =>
    teams.thread(thread).some((post) => cardText(post.latest.card).includes(words));
  await until(() => says("Approve"), patience);
  await ledger.reject(id, { person: personOf(adele), at: Date.now() }, "not now");
  const finished = await until(async () => {
    const [line] = await witness.deployments(thread);
    return line?.state === "rejected" && line.shown >= line.revision;
  }, patience);
  await pool.end();
  await database.db.destroy();
  return {
    environment,
    kind: "deploy",
    thread,
    decision: "reject",
    deciders: [adele.name],
    deliveries: 0,
    second: undefined,
    ownClick: false,
    contradictions: 0,
    finished,
    reaction,
  };
}

function personOf({ aadObjectId: id, name }: SandboxPerson) {
  return { id, name };
}
