import { z } from "zod";

/**
 * What happens at a point: the process ends itself there; or what passes the point is held for longer than a lease while
 * everything else in the process goes on; or the whole process stands still for longer than a lease. The last two are owners
 * that have become stale and do not know it.
 */
export const blows = ["kill", "hold", "stop"] as const;
export type Blow = (typeof blows)[number];

const point = z.object({
  at: z.string(),
  /** The n-th time that it is passed, counted from the moment of the order. */
  occurrence: z.int().positive(),
  blow: z.enum(blows),
});

/** A point of omnibot's own. */
export type Point = z.infer<typeof point>;

/** What the suite tells the process that it will kill. */
export const order = z.discriminatedUnion("type", [
  /** Start omnibot now. A process is loaded long before it is needed: most of a start is loading. */
  z.object({
    type: z.literal("begin"),
    crash: point.optional(),
    trace: z.boolean(),
    /** Instead of the port of the environment, which another process has. */
    port: z.int().optional(),
  }),
  z.object({ type: z.literal("crash"), crash: point.optional() }),
  z.object({ type: z.literal("trace"), on: z.boolean() }),
]);

export type Order = z.infer<typeof order>;

/** What the process tells the suite. */
export const report = z.discriminatedUnion("type", [
  z.object({ type: z.literal("loaded") }),
  z.object({ type: z.literal("listening") }),
  /** Everything that a port can be asked, while points are traced. */
  z.object({ type: z.literal("calls"), calls: z.array(z.string()) }),
  z.object({ type: z.literal("passed"), point: z.string() }),
  z.object({ type: z.literal("struck"), blow: z.enum(blows) }),
]);

export type Report = z.infer<typeof report>;
