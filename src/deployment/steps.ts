import type { Deployment, Progress } from "./deployment.ts";
import type { Step } from "./step.ts";
import { approve } from "./steps/approve.ts";
import { build } from "./steps/build.ts";
import { checkHealth } from "./steps/check-health.ts";
import { mergeChange } from "./steps/merge-change.ts";
import { observe } from "./steps/observe.ts";
import { openChange } from "./steps/open-change.ts";
import { rollOut } from "./steps/roll-out.ts";
import { sync } from "./steps/sync.ts";
import { verifyImage } from "./steps/verify-image.ts";

/** The life of a deployment, in order. */
export const steps: readonly Step[] = [
  approve,
  build,
  observe,
  verifyImage,
  openChange,
  mergeChange,
  sync,
  rollOut,
  checkHealth,
];

/** The steps that this deployment will go through, none begun. */
export function planOf(deployment: Pick<Deployment, "kind" | "target">): readonly Progress[] {
  return steps
    .filter((step) => step.appliesTo?.(deployment) ?? true)
    .map((step) => ({ step: step.name, title: step.title, state: "pending" }));
}
