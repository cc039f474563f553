import { z } from "zod";

/** A row that the engine has saved, as the probe tells it. `at` is ms since 1970; the durations are milliseconds. */
export const saved = z.object({
  type: z.literal("saved"),
  at: z.number(),
  key: z.string(),
  environment: z.string(),
  state: z.string(),
  step: z.string().optional(),
  done: z.array(z.string()),
  released: z.boolean(),
  podsReady: z.boolean(),
  suspicion: z.boolean(),
  looks: z.number(),
  /** Of this look alone, spent waiting for services. */
  services: z.number(),
  /** Spent waiting for services, and for the next look that the row itself wanted. */
  outside: z.number(),
  waited: z.number(),
});
export type Saved = z.infer<typeof saved>;

/** What the process holds and has used: CPU in ms, memory in bytes, bytes by the port of the other side. */
export const measure = z.object({
  type: z.literal("measure"),
  cpu: z.number(),
  memory: z.number(),
  bytes: z.record(z.string(), z.object({ sent: z.number(), received: z.number() })),
});
export type Measure = z.infer<typeof measure>;

export const told = z.discriminatedUnion("type", [
  saved,
  measure,
  z.object({ type: z.literal("ready"), address: z.string() }),
]);
