import type { Kill } from "./keeper.ts";

/**
 * A deployment; a rollback whose first write GitHub puts off; a request that is rejected; a deployment that is stopped while its
 * run waits for an agent, or while its pull request waits for a check; one whose image comes late, and whose failed step is
 * tried again; and a change that somebody makes past omnibot.
 */
export const kinds = [
  "deploy",
  "rollback",
  "reject",
  "cancel",
  "withdraw",
  "retry",
  "notice",
] as const;
export type Kind = (typeof kinds)[number];

export interface StoryPlan {
  readonly name: string;
  readonly kind: Kind;
  readonly kills: readonly Kill[];
}
