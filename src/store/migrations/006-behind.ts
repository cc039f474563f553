import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";

/**
 * Marks the threads that do not show their deployment's newest revision, so that looking for one does not read all that there
 * ever were. In the database rather than in the code, so that what an older version does counts too.
 */
export async function up(db: Kysely<unknown>, dialect: Database["dialect"]): Promise<void> {
  await db.schema
    .alterTable("thread")
    .addColumn("behind", "integer", (column) => column.notNull().defaultTo(1))
    .execute();
  await sql`update thread set behind = 0
    where shown_revision >= (select revision from deployment where id = deployment_id)`.execute(db);
  await sql`create index thread_behind on thread (next_at) where behind = 1`.execute(db);
  // What a message that came before led to is found by when it came.
  await db.schema
    .createIndex("deployment_requested")
    .on("deployment")
    .column("requested_at")
    .execute();
  if (dialect === "sqlite") {
    await sql`create trigger thread_left_behind after update of revision on deployment
      when old.revision <> new.revision
      begin update thread set behind = 1 where deployment_id = new.id and behind = 0; end`.execute(
      db,
    );
    await sql`create trigger thread_shown after update of shown_revision on thread
      begin update thread set behind =
        new.shown_revision < (select revision from deployment where id = new.deployment_id)
        where deployment_id = new.deployment_id; end`.execute(db);
    return;
  }
  // Without `and behind = 0`: while somebody else's transaction says what is shown, this waits for its end, and has the last word.
  await sql`create function thread_left_behind() returns trigger language plpgsql as
    $$ begin update thread set behind = 1 where deployment_id = new.id;
      return null; end $$`.execute(db);
  await sql`create trigger thread_left_behind after update on deployment for each row
    when (old.revision <> new.revision) execute function thread_left_behind()`.execute(db);
  await sql`create function thread_shown() returns trigger language plpgsql as
    $$ begin new.behind := case when new.shown_revision <
        (select revision from deployment where id = new.deployment_id) then 1 else 0 end;
      return new; end $$`.execute(db);
  await sql`create trigger thread_shown before update of shown_revision on thread
    for each row execute function thread_shown()`.execute(db);
}
