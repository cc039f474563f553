import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";

export async function up(db: Kysely<unknown>, dialect: Database["dialect"]): Promise<void> {
  const time = dialect === "postgres" ? "bigint" : "integer";
  const serial = dialect === "postgres" ? "serial" : "integer";

  await db.schema
    .createTable("deployment")
    .addColumn("id", serial, (column) =>
      dialect === "sqlite" ? column.primaryKey().autoIncrement() : column.primaryKey(),
    )
    .addColumn("key", "text", (column) => column.notNull().unique())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("environment", "text", (column) => column.notNull())
    .addColumn("target", "text", (column) => column.notNull())
    .addColumn("requester_id", "text", (column) => column.notNull())
    .addColumn("requester_name", "text", (column) => column.notNull())
    .addColumn("requested_at", time, (column) => column.notNull())
    .addColumn("expires_at", time, (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("step", "text")
    .addColumn("story", "text", (column) => column.notNull())
    .addColumn("ended_at", time)
    .addColumn("revision", "integer", (column) => column.notNull())
    .addColumn("next_at", time, (column) => column.notNull())
    .addColumn("wakes", "integer", (column) => column.notNull())
    .addColumn("trouble", "text")
    .addColumn("version", "integer", (column) => column.notNull())
    .addColumn("lease_owner", "text")
    .addColumn("lease_until", time, (column) => column.notNull())
    .execute();
  // One deployment at a time per environment (P6): the database itself refuses a second one.
  await db.schema
    .createIndex("deployment_one_active")
    .unique()
    .on("deployment")
    .column("environment")
    .where(sql.ref("state"), "=", sql.lit("active"))
    .execute();
  await db.schema
    .createIndex("deployment_due")
    .on("deployment")
    .columns(["state", "next_at"])
    .execute();
  await db.schema
    .createIndex("deployment_history")
    .on("deployment")
    .columns(["environment", "id"])
    .execute();

  await db.schema
    .createTable("approval")
    .addColumn("deployment_id", "integer", (column) => column.notNull().references("deployment.id"))
    .addColumn("person_id", "text", (column) => column.notNull())
    .addColumn("person_name", "text", (column) => column.notNull())
    .addColumn("at", time, (column) => column.notNull())
    .addPrimaryKeyConstraint("approval_once", ["deployment_id", "person_id"])
    .execute();

  await db.schema
    .createTable("effect")
    .addColumn("deployment_id", "integer", (column) => column.notNull().references("deployment.id"))
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("status", "text", (column) => column.notNull())
    .addColumn("intent_at", time, (column) => column.notNull())
    .addColumn("result", "text")
    .addPrimaryKeyConstraint("effect_once", ["deployment_id", "name"])
    .execute();

  await db.schema
    .createTable("audit")
    .addColumn("id", serial, (column) =>
      dialect === "sqlite" ? column.primaryKey().autoIncrement() : column.primaryKey(),
    )
    .addColumn("at", time, (column) => column.notNull())
    .addColumn("deployment_id", "integer")
    .addColumn("actor_id", "text", (column) => column.notNull())
    .addColumn("actor_name", "text", (column) => column.notNull())
    .addColumn("action", "text", (column) => column.notNull())
    .addColumn("facts", "text", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("audit_of_deployment").on("audit").column("deployment_id").execute();
  await appendOnly(db, dialect);

  await db.schema
    .createTable("delivery")
    .addColumn("conversation", "text", (column) => column.notNull())
    .addColumn("id", "text", (column) => column.notNull())
    .addColumn("at", time, (column) => column.notNull())
    .addPrimaryKeyConstraint("delivery_once", ["conversation", "id"])
    .execute();

  await db.schema
    .createTable("thread")
    .addColumn("deployment_id", "integer", (column) =>
      column.primaryKey().references("deployment.id"),
    )
    .addColumn("conversation", "text", (column) => column.notNull())
    .addColumn("reference", "text", (column) => column.notNull())
    .addColumn("sent", "text")
    .addColumn("shown_revision", "integer", (column) => column.notNull())
    .addColumn("next_at", time, (column) => column.notNull())
    .addColumn("version", "integer", (column) => column.notNull())
    .addColumn("lease_owner", "text")
    .addColumn("lease_until", time, (column) => column.notNull())
    .execute();
}

/** The audit trail only grows (P12): the database refuses to change or remove a row. */
async function appendOnly(db: Kysely<unknown>, dialect: Database["dialect"]): Promise<void> {
  if (dialect === "sqlite") {
    await sql`create trigger audit_no_update before update on audit
      begin select raise(abort, 'the audit trail only grows'); end`.execute(db);
    await sql`create trigger audit_no_delete before delete on audit
      begin select raise(abort, 'the audit trail only grows'); end`.execute(db);
    return;
  }
  await sql`create function audit_only_grows() returns trigger language plpgsql as
    $$ begin raise exception 'the audit trail only grows'; end $$`.execute(db);
  await sql`create trigger audit_only_grows before update or delete or truncate on audit
    for each statement execute function audit_only_grows()`.execute(db);
}
