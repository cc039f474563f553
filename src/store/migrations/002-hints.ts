import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";

/**
 * PostgreSQL tells every replica when a row was made, decided, woken or saved; a claim and a renewal are nobody's business.
 * In the database rather than in the code, so that what an older version does is told too.
 */
export async function up(db: Kysely<unknown>, dialect: Database["dialect"]): Promise<void> {
  if (dialect === "sqlite") return;
  await sql`create function deployment_hint() returns trigger language plpgsql as
    $$ begin perform pg_notify('omnibot', ''); return null; end $$`.execute(db);
  await sql`create trigger deployment_made after insert on deployment
    for each row execute function deployment_hint()`.execute(db);
  await sql`create trigger deployment_changed after update on deployment for each row
    when (old.revision <> new.revision or old.wakes <> new.wakes)
    execute function deployment_hint()`.execute(db);
}
