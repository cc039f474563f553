CREATE TABLE "kysely_migration" ("name" varchar(255) not null primary key, "timestamp" varchar(255) not null);
CREATE TABLE "kysely_migration_lock" ("id" varchar(255) not null primary key, "is_locked" integer default 0 not null);
CREATE TABLE "deployment" ("id" integer primary key autoincrement, "key" text not null unique, "kind" text not null, "environment" text not null, "target" text not null, "requester_id" text not null, "requester_name" text not null, "requested_at" integer not null, "expires_at" integer not null, "state" text not null, "step" text, "story" text not null, "ended_at" integer, "revision" integer not null, "next_at" integer not null, "wakes" integer not null, "trouble" text, "version" integer not null, "lease_owner" text, "lease_until" integer not null);
CREATE UNIQUE INDEX "deployment_one_active" on "deployment" ("environment") where "state" = 'active';
CREATE INDEX "deployment_due" on "deployment" ("state", "next_at");
CREATE INDEX "deployment_history" on "deployment" ("environment", "id");
CREATE TABLE "approval" ("deployment_id" integer not null references "deployment" ("id"), "person_id" text not null, "person_name" text not null, "at" integer not null, constraint "approval_once" primary key ("deployment_id", "person_id"));
CREATE TABLE "effect" ("deployment_id" integer not null references "deployment" ("id"), "name" text not null, "status" text not null, "intent_at" integer not null, "result" text, constraint "effect_once" primary key ("deployment_id", "name"));
CREATE TABLE "audit" ("id" integer primary key autoincrement, "at" integer not null, "deployment_id" integer, "actor_id" text not null, "actor_name" text not null, "action" text not null, "facts" text not null);
CREATE INDEX "audit_of_deployment" on "audit" ("deployment_id");
CREATE TRIGGER audit_no_update before update on audit
      begin select raise(abort, 'the audit trail only grows'); end;
CREATE TRIGGER audit_no_delete before delete on audit
      begin select raise(abort, 'the audit trail only grows'); end;
CREATE TABLE "delivery" ("conversation" text not null, "id" text not null, "at" integer not null, constraint "delivery_once" primary key ("conversation", "id"));
CREATE TABLE "thread" ("deployment_id" integer primary key references "deployment" ("id"), "conversation" text not null, "reference" text not null, "sent" text, "shown_revision" integer not null, "next_at" integer not null, "version" integer not null, "lease_owner" text, "lease_until" integer not null);
insert into kysely_migration (name, timestamp) values ('001-first', '2020-01-01T00:00:00.001Z');
insert into kysely_migration_lock (id, is_locked) values ('migration_lock', 0);
