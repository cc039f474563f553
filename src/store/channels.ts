import type { Kysely } from "kysely";
import type { Channels } from "../deployment/ledger.ts";
import { lightly } from "./database.ts";
import type { Schema } from "./schema.ts";

export function createChannels(db: Kysely<Schema>): Channels {
  return {
    async remember(id, reference, at) {
      await lightly(db, (one) =>
        one
          .insertInto("channel")
          .values({ id, reference, at })
          .onConflict((conflict) => conflict.column("id").doUpdateSet({ reference, at }))
          .execute(),
      );
    },
    async find(id) {
      const row = await db
        .selectFrom("channel")
        .select("reference")
        .where("id", "=", id)
        .executeTakeFirst();
      return row?.reference;
    },
    async lastConversation(environment) {
      const row = await db
        .selectFrom("thread")
        .innerJoin("deployment", "deployment.id", "thread.deployment_id")
        .select("thread.conversation")
        .where("deployment.environment", "=", environment)
        .orderBy("deployment.id", "desc")
        .limit(1)
        .executeTakeFirst();
      return row?.conversation;
    },
  };
}
