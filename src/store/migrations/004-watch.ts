import type { Kysely } from "kysely";
import type { Database } from "../database.ts";

/** Up to where each environment's file in Git was watched, and the channels in which omnibot was spoken to. */
export async function up(db: Kysely<unknown>, dialect: Database["dialect"]): Promise<void> {
  const time = dialect === "postgres" ? "bigint" : "integer";
  await db.schema
    .createTable("watched_file")
    .addColumn("environment", "text", (column) => column.primaryKey())
    .addColumn("next_at", time, (column) => column.notNull())
    .addColumn("place", "text")
    .addColumn("commit_id", "text")
    .addColumn("tag", "text")
    .addColumn("broken", "text")
    .execute();
  await db.schema
    .createTable("channel")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("reference", "text", (column) => column.notNull())
    .addColumn("at", time, (column) => column.notNull())
    .execute();
}
