import { z } from "zod";

/** A point of omnibot's own: the n-th time that it is passed, counted from the moment of the order. */
export interface Point {
  readonly at: string;
  readonly occurrence: number;
  /**
   * The process does not end itself there, but what passes the point is held for so many milliseconds, while everything else
   * goes on: longer than a lease, it is an owner that has become stale and does not know it.
   */
  readonly hold?: number | undefined;
}

const point = z.object({
  at: z.string(),
  occurrence: z.int().positive(),
  hold: z.int().positive().optional(),
});

/** What the suite tells the process that it will kill. */
export const order = z.discriminatedUnion("type", [
  /** Start omnibot now. A process is loaded long before it is needed: most of a start is loading. */
  z.object({ type: z.literal("begin"), crash: point.optional(), trace: z.boolean() }),
  z.object({ type: z.literal("crash"), crash: point.optional() }),
  z.object({ type: z.literal("trace"), on: z.boolean() }),
]);

export type Order = z.infer<typeof order>;

/** What the process tells the suite. */
export const report = z.discriminatedUnion("type", [
  z.object({ type: z.literal("loaded") }),
  z.object({ type: z.literal("listening") }),
  z.object({ type: z.literal("passed"), point: z.string() }),
  z.object({ type: z.literal("held") }),
]);

export type Report = z.infer<typeof report>;
