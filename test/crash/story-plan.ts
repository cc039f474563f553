import type { Kill } from "./keeper.ts";

/** A deployment, a rollback whose first write GitHub puts off, and a request that is rejected. */
export const kinds = ["deploy", "rollback", "reject"] as const;
export type Kind = (typeof kinds)[number];

export interface StoryPlan {
  readonly name: string;
  readonly kind: Kind;
  readonly kills: readonly Kill[];
}
