import type { Deployment, HealthEvidence, HealthResult } from "../deployment.ts";
import type { Version } from "../ports.ts";
import { gapOf } from "../proof.ts";
import { done, failed, waiting, type Outcome, type Step } from "../step.ts";

/** How often in a row every endpoint has to answer well. */
const wantedSuccesses = 3;

/** Asks the application itself: everything else can be green while it answers with errors. */
export const checkHealth: Step = {
  name: "check-health",
  title: "Health",
  deadline: 5 * 60_000,
  late: "health-failing",
  follows: true,

  async advance(deployment, { world: { health }, clock }) {
    const checks = await health.check(versionOf(deployment));
    if (checks.length === 0)
      return proven(deployment, "no checks are configured", { checks, successes: 0 });

    const bad = checks.filter((check) => !check.ok);
    if (bad.length > 0) return judge(checks, bad, deployment, clock.now());
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
    return proven(deployment, `${names(checks)} answered well`, { checks, successes });
  },
};

/** The last step: before anybody hears "live", the whole chain of evidence has to hold. */
function proven(deployment: Deployment, sentence: string, health: HealthEvidence): Outcome {
  const gap = gapOf({ ...deployment, evidence: { ...deployment.evidence, health } });
  return gap === undefined ? done(sentence, { health }) : failed(gap.code, gap, { health });
}

/** What stays as it is, however long one asks; and how long (ms) it may take to come round all the same. */
const certain = { certificate: 30_000, version: 60_000 } as const;

const codes = {
  unreachable: "health-unreachable",
  certificate: "health-certificate",
  version: "health-wrong-version",
} as const;

function judge(
  checks: readonly HealthResult[],
  bad: readonly HealthResult[],
  deployment: Deployment,
  now: number,
): Outcome {
  const badSince = deployment.evidence.health?.badSince ?? now;
  const evidence = { health: { checks, successes: 0, badSince } };
  const detail = bad.map((check) => `${check.name} ${check.answer}`).join(", ");
  const trouble = bad[0]?.trouble;
  const late = trouble === undefined ? "health-failing" : codes[trouble];
  if ((trouble === "certificate" || trouble === "version") && now - badSince >= certain[trouble]) {
    return failed(late, { detail: `${detail}.` }, evidence);
  }
  return waiting({ seconds: 3 }, detail, evidence, late);
}

function versionOf({ evidence }: Deployment): Version | undefined {
  if (evidence.image === undefined) return undefined;
  const commit = evidence.run?.commit;
  return { tag: evidence.image.tag, ...(commit === undefined ? {} : { commit }) };
}

function names(checks: readonly HealthResult[]): string {
  return checks.map((check) => check.name).join(", ");
}
