import { sql, type Kysely } from "kysely";
import type { ThreadClaim, Threads } from "../deployment/ledger.ts";
import { lightly } from "./database.ts";
import { withLedgerErrors } from "./ledger-error.ts";
import { withApprovals } from "./read.ts";
import { all, type Schema } from "./schema.ts";

/** Instead of the revision that a thread shows, where nobody knows what it shows. */
const spoiled = -2;

/** What the threads show, beside the deployments they show: claimed and fenced the same way. */
export function createThreads(db: Kysely<Schema>): Threads {
  return withLedgerErrors<Threads>({
    // After a power cut the last picture may be shown once more, and a reply of that moment be said again.
    claimThread: (...wanted) => lightly(db, (one) => claimThread(one, ...wanted)),
    keepThread: (...kept) => lightly(db, (one) => keepThread(one, ...kept)),
    releaseThread: (...wanted) => lightly(db, (one) => releaseThread(one, ...wanted)),
    readThread,
    spoilThread,
  });

  async function claimThread(
    one: Kysely<Schema>,
    owner: string,
    now: number,
    leaseUntil: number,
  ): Promise<ThreadClaim | undefined> {
    const thread = await one
      .updateTable("thread")
      .set((eb) => ({
        lease_owner: owner,
        lease_until: leaseUntil,
        version: eb("version", "+", 1),
      }))
      .where("deployment_id", "=", (eb) =>
        eb
          .selectFrom("thread as due")
          .innerJoin("deployment", "deployment.id", "due.deployment_id")
          .select("due.deployment_id")
          .where("due.behind", "=", sql.lit(1))
          .whereRef("due.shown_revision", "<", "deployment.revision")
          .where("due.next_at", "<=", now)
          .where("due.lease_until", "<=", now)
          .orderBy("due.next_at")
          .limit(1),
      )
      .where("lease_until", "<=", now)
      .returning(all.thread)
      .executeTakeFirst();
    if (thread === undefined) return undefined;

    const row = await one
      .selectFrom("deployment")
      .select(all.deployment)
      .where("id", "=", thread.deployment_id)
      .executeTakeFirstOrThrow();
    return {
      deployment: await withApprovals(one, row),
      conversation: thread.conversation,
      reference: thread.reference,
      sent: thread.sent ?? undefined,
      owner,
      version: thread.version,
      revision: row.revision,
      spoiled: thread.shown_revision === spoiled,
    };
  }

  async function keepThread(
    one: Kysely<Schema>,
    claim: ThreadClaim,
    sent: string,
    leaseUntil: number,
  ): Promise<boolean> {
    const row = await held(one, claim)
      // A thread of omnibot's own has its place only once it is begun.
      .set({
        sent,
        lease_until: leaseUntil,
        conversation: claim.conversation,
        reference: claim.reference,
      })
      .returning("deployment_id")
      .executeTakeFirst();
    return row !== undefined;
  }

  async function releaseThread(
    one: Kysely<Schema>,
    claim: ThreadClaim,
    sent: string | undefined,
    shownRevision: number,
    nextAt: number,
  ): Promise<void> {
    await held(one, claim)
      .set({
        ...(sent === undefined ? {} : { sent }),
        shown_revision: shownRevision,
        next_at: nextAt,
        lease_owner: null,
        lease_until: 0,
      })
      .execute();
  }

  async function readThread(deploymentId: number): Promise<string | undefined> {
    const row = await db
      .selectFrom("thread")
      .select("sent")
      .where("deployment_id", "=", deploymentId)
      .executeTakeFirst();
    return row?.sent ?? undefined;
  }

  async function spoilThread(deploymentId: number): Promise<void> {
    await db
      .updateTable("thread")
      .set((eb) => ({
        shown_revision: spoiled,
        next_at: 0,
        // Whoever draws it now would call the thread up to date: it is taken away.
        version: eb("version", "+", 1),
        lease_owner: null,
        lease_until: 0,
      }))
      .where("deployment_id", "=", deploymentId)
      .execute();
  }

  function held(one: Kysely<Schema>, claim: ThreadClaim) {
    return one
      .updateTable("thread")
      .where("deployment_id", "=", claim.deployment.id)
      .where("version", "=", claim.version)
      .where("lease_owner", "=", claim.owner);
  }
}
