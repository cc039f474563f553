import type { Kysely } from "kysely";
import type { Database } from "../database.ts";

/** Who keeps an environment for themselves, which builds nobody may deploy, and who wants a deployment stopped. */
export async function up(db: Kysely<unknown>, dialect: Database["dialect"]): Promise<void> {
  const time = dialect === "postgres" ? "bigint" : "integer";
  await db.schema
    .createTable("lock")
    .addColumn("environment", "text", (column) => column.primaryKey())
    .addColumn("owner_id", "text", (column) => column.notNull())
    .addColumn("owner_name", "text", (column) => column.notNull())
    .addColumn("reason", "text", (column) => column.notNull())
    .addColumn("since", time, (column) => column.notNull())
    .addColumn("until", time)
    .addColumn("deployment_id", "integer", (column) => column.references("deployment.id"))
    .execute();
  await db.schema
    .createTable("block")
    .addColumn("build", time, (column) => column.primaryKey())
    .addColumn("person_id", "text", (column) => column.notNull())
    .addColumn("person_name", "text", (column) => column.notNull())
    .addColumn("reason", "text", (column) => column.notNull())
    .addColumn("since", time, (column) => column.notNull())
    .execute();
  // Beside the story, which a look that is under way would write over.
  await db.schema.alterTable("deployment").addColumn("cancellation", "text").execute();
}
