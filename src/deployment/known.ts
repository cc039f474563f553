import type { Deployment, Evidence } from "./deployment.ts";

/** Evidence that an earlier step must have left; its absence is a bug, not a state of the world. */
export function known<Link extends keyof Evidence>(
  deployment: Deployment,
  link: Link,
): NonNullable<Evidence[Link]> {
  const evidence = deployment.evidence[link];
  if (evidence === undefined) throw new Error(`#${deployment.id} has no evidence of ${link}`);
  return evidence;
}
