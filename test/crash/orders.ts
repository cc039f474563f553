import { z } from "zod";

/** Where a process shall end itself: the n-th time that it passes this point, counted from the moment of the order. */
export interface Point {
  readonly at: string;
  readonly occurrence: number;
}

const point = z.object({ at: z.string(), occurrence: z.int().positive() });

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
]);

export type Report = z.infer<typeof report>;
