import type { MessageId } from "../deployment/locks.ts";
import type { Queries } from "./read.ts";

/** Remembers a message in the transaction of what it asks for; false when it is known already. */
export async function remember(db: Queries, delivery: MessageId, at: number): Promise<boolean> {
  const written = await db
    .insertInto("delivery")
    .values({ conversation: delivery.conversation, id: delivery.id, at })
    .onConflict((conflict) => conflict.columns(["conversation", "id"]).doNothing())
    .executeTakeFirst();
  return (written.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

/** Takes a delivery back in the transaction in which it was remembered. */
export async function forget(db: Queries, { conversation, id }: MessageId): Promise<void> {
  await db
    .deleteFrom("delivery")
    .where("conversation", "=", conversation)
    .where("id", "=", id)
    .execute();
}
