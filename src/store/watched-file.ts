import { sql, type Kysely, type Transaction } from "kysely";
import type { Mark, Noticed, Watch } from "../deployment/ledger.ts";
import { writeAudit } from "./audit.ts";
import { addThread, newRow } from "./requests.ts";
import { all, type Schema, type WatchedFileRow } from "./schema.ts";

/** Of all who ask, one gets the look; everybody else is told when the next one is due. */
export async function beginWatch(
  db: Kysely<Schema>,
  environment: string,
  now: number,
  until: number,
): Promise<Watch> {
  await db
    .insertInto("watched_file")
    .values({ environment, next_at: 0, place: null, commit_id: null, tag: null, broken: null })
    .onConflict((conflict) => conflict.column("environment").doNothing())
    .execute();
  const mine = await db
    .updateTable("watched_file")
    .set({ next_at: until })
    .where("environment", "=", environment)
    // One that lies further ahead than a look may was set by a clock that has gone back since.
    .where((eb) => eb.or([eb("next_at", "<=", now), eb("next_at", ">", until)]))
    .returning(all.watched_file)
    .executeTakeFirst();
  if (mine !== undefined) return { state: "yours", mark: markOf(mine) };
  const theirs = await db
    .selectFrom("watched_file")
    .select("next_at")
    .where("environment", "=", environment)
    .executeTakeFirst();
  return { state: "later", at: theirs?.next_at ?? until };
}

/** Somebody says that the file has changed: the next look is due at `at`, unless it is sooner. */
export async function bringWatchForward(
  db: Kysely<Schema>,
  environment: string,
  at: number,
): Promise<void> {
  await db
    .updateTable("watched_file")
    .set({ next_at: at })
    .where("environment", "=", environment)
    .where("next_at", ">", at)
    .execute();
}

/** The mark moves and the change is written down together, or neither: so it is told once, whoever noticed it. */
export async function moveMark(
  tx: Transaction<Schema>,
  environment: string,
  from: Mark | undefined,
  to: Mark,
  noticed: Noticed | undefined,
): Promise<boolean> {
  const moved = await tx
    .updateTable("watched_file")
    .set({ place: to.place, commit_id: to.commit, tag: to.tag, broken: to.broken ?? null })
    .where("environment", "=", environment)
    .where(sql<string>`coalesce(commit_id, '')`, "=", from?.commit ?? "")
    .where(sql<string>`coalesce(place, '')`, "=", from?.place ?? "")
    .returning("environment")
    .executeTakeFirst();
  if (moved === undefined) return false;
  if (noticed !== undefined) await write(tx, noticed);
  return true;
}

async function write(tx: Transaction<Schema>, { deployment, place }: Noticed): Promise<void> {
  const { id } = await tx
    .insertInto("deployment")
    .values(newRow(deployment, deployment.evidence))
    .returning("id")
    .executeTakeFirstOrThrow();
  await addThread(tx, id, place, deployment.requestedAt);
  await writeAudit(tx, [
    {
      at: deployment.requestedAt,
      deploymentId: id,
      actor: "omnibot",
      action: "noticed",
      facts: { environment: deployment.environment, edit: deployment.evidence.edit },
    },
  ]);
}

function markOf({ place, commit_id: commit, tag, broken }: WatchedFileRow): Mark | undefined {
  if (place === null || commit === null || tag === null) return undefined;
  return { place, commit, tag, ...(broken === null ? {} : { broken }) };
}
