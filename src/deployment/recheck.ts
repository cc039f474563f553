import type { Proposal } from "./deployment.ts";
import type { World } from "./ports.ts";
import { runChecks, type Blocked } from "./preflight.ts";

/** How long (ms) it may take: the approver waits for the build to begin. */
const patience = 3000;

/**
 * What has come up since the approvers were shown what may be in the way, and whether it cannot end well any more. What they
 * were shown they have approved with; what cannot be checked now is found by the steps.
 */
export async function recheck(
  { release, liveTag, warnings = [] }: Proposal,
  { cluster, gitops }: Pick<World, "cluster" | "gitops">,
  within = patience,
): Promise<{ readonly news: readonly string[]; readonly blocked?: Blocked["cause"] }> {
  const found = await runChecks(
    [
      { about: "GitHub", find: () => gitops.preflight() },
      { about: "the cluster", find: () => cluster.preflight(release, liveTag) },
    ],
    within,
  );
  const { blocked } = found;
  const news = found.warnings.filter((one) => !warnings.includes(one));
  if (blocked === undefined || warnings.includes(blocked.warning)) return { news };
  return { news, blocked: blocked.cause };
}
