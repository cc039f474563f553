import type { Kill } from "./keeper.ts";

export type Kind = "deploy" | "rollback";

export interface StoryPlan {
  readonly name: string;
  readonly kind: Kind;
  readonly kills: readonly Kill[];
}
