import { z } from "zod";

/**
 * What a thread was sent so far, as the ledger keeps it. `intent` is saved before a post and `sent` after it, so that a
 * post whose answer was lost, or that was cut off by a crash, is known to be in doubt (P4, P5).
 */
const sent = z.object({
  /** `posts`: how often it was posted, the second time only after a doubt; `at`: when it was written last, ms since 1970. */
  card: z
    .discriminatedUnion("state", [
      z.object({ state: z.literal("intent"), posts: z.number(), at: z.number() }),
      z.object({
        state: z.literal("sent"),
        posts: z.number(),
        at: z.number(),
        id: z.string().min(1),
        edited: z.boolean().default(false),
        /** Of what the card shows, times that only pass left aside. */
        hash: z.string(),
      }),
      z.object({ state: z.literal("gone"), posts: z.number(), at: z.number() }),
    ])
    .optional(),
  replies: z.record(z.string(), z.enum(["intent", "sent"])).default({}),
  /** Revision of the deployment that everything above shows. */
  revision: z.number().default(0),
  /** Failures in a row, of messages that are worth another try. */
  failures: z.number().default(0),
  /** Why nothing is sent to this thread any more. */
  dropped: z.string().optional(),
});

export type Sent = z.infer<typeof sent>;

/** Reads what was kept; what cannot be read counts as nothing, rather than stopping the thread for ever. */
export function readSent(text: string | undefined): Sent {
  if (text === undefined) return sent.parse({});
  try {
    return sent.parse(JSON.parse(text));
  } catch {
    return sent.parse({ dropped: "what was sent cannot be read" });
  }
}

export function writeSent(state: Sent): string {
  return JSON.stringify(state);
}
