import type { HealthResult } from "../deployment.ts";
import { done, waiting, type Step } from "../step.ts";

/** How often in a row every endpoint has to answer well. */
const wantedSuccesses = 3;

/** Asks the application itself: everything else can be green while it answers with errors. */
export const checkHealth: Step = {
  name: "check-health",
  title: "Health",
  deadline: 5 * 60_000,
  late: "health-failing",

  async advance(deployment, { world: { health } }) {
    const checks = await health.check();
    if (checks.length === 0)
      return done("no checks are configured", { health: { checks, successes: 0 } });

    const bad = checks.filter((check) => !check.ok);
    if (bad.length > 0) {
      return waiting(
        { seconds: 3 },
        bad.map((check) => `${check.name} ${check.answer}`).join(", "),
        {
          health: { checks, successes: 0 },
        },
      );
    }
    const successes = (deployment.evidence.health?.successes ?? 0) + 1;
    if (successes < wantedSuccesses) {
      return waiting(
        { seconds: 1 },
        `${names(checks)} answered well ${successes} of ${wantedSuccesses} times`,
        {
          health: { checks, successes },
        },
      );
    }
    return done(`${names(checks)} answered well`, { health: { checks, successes } });
  },
};

function names(checks: readonly HealthResult[]): string {
  return checks.map((check) => check.name).join(", ");
}
