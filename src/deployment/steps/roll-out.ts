import type { CauseCode } from "../causes.ts";
import type { Deployment, Evidence, RolloutEvidence, SuspicionEvidence } from "../deployment.ts";
import { settledBy } from "../follow.ts";
import { known } from "../known.ts";
import { overtakenBy, overtakerOf } from "../overtaken.ts";
import type { Bad, FluxState, RolloutState, Suspicion } from "../ports.ts";
import { done, failed, waiting, type Outcome, type Step } from "../step.ts";
import { wantedOf } from "../wanted.ts";

/** So many are kept by name; all are counted. */
const mostPods = 20;

type Failing = Extract<RolloutState, { state: "failed" }>;
type Going = Exclude<RolloutState, { state: "failed" }>;

/**
 * Follows the new pods until every one runs exactly the verified image, ready, and Flux has released that generation, and
 * stays so for the soak time. Both are watched here, since Helm waits for the pods and the pods fail long before Helm does.
 */
export const rollOut: Step = {
  name: "roll-out",
  title: "Pods",
  deadline: 20 * 60_000,
  late: "rollout-stalled",
  follows: true,

  async advance(deployment, { world: { cluster, gitops }, environment, clock }) {
    const wanted = wantedOf(deployment);
    const { digests } = known(deployment, "image");
    const readPods = () => cluster.readRollout({ ...wanted, digests });
    const [flux, before] = await Promise.all([cluster.readFlux(wanted), readPods()]);
    // What made Flux give up may have come between the two: then it is there by now, and is the cause.
    const pods = flux.state === "failed" && before.state !== "failed" ? await readPods() : before;
    const now = clock.now();
    const oldTag = pods.state === "progressing" ? pods.oldTag : undefined;
    const suspicion = suspect(deployment, pods, now);
    const evidence = {
      ...released(flux),
      rollout: { ...counts(deployment, pods), ...(suspicion && { suspicion }) },
    };

    if (pods.state === "failed") {
      const hoped = pods.patience !== undefined && now - (suspicion?.since ?? now) < pods.patience;
      // What the pods say is the cause; what Flux says about it is its echo.
      if (flux.state === "failed" || !hoped) {
        return { ...failed(pods.code, pods, evidence), settled: settledBy(flux, oldTag) };
      }
      return { ...waiting({ seconds: 3 }, `Suspicion: ${pods.detail}`, evidence), late: pods };
    }
    if (flux.state === "failed") {
      const [code, seen] = causeOf(flux, pods, suspicion);
      const overtaker = await overtakerOf(flux, deployment, gitops);
      const settled = settledBy(flux, oldTag);
      return { ...failed(code, { ...seen, ...overtaker }, evidence), settled };
    }
    if (pods.state === "ready" && flux.state === "released") {
      return soak(deployment, pods, flux, now, environment.rollout.soak);
    }
    const overtaken = await overtakenBy(deployment, gitops);
    if (overtaken !== undefined) {
      const settled = { sentence: overtaken.detail, rolledBack: false };
      return { ...failed("superseded", overtaken, evidence), settled };
    }
    const outcome = waiting({ seconds: pauseFor(pods) }, sentence(flux, pods), evidence);
    const late = suspicion ?? (isHeldUp(flux, pods) ? { code: flux.late } : undefined);
    return late === undefined ? outcome : { ...outcome, late };
  },

  watch: (deployment, { cluster }, hint) =>
    cluster.watch(known(deployment, "proposal").release, hint),
};

/** Every look reads all pods: of thousands that is work for omnibot and the cluster. Seconds. */
function pauseFor({ pods }: Going): number {
  return Math.max(3, pods / 500);
}

/** What the pods are suspected of, and since when. A rollback takes the pods away: what they said last stays then. */
function suspect(
  { evidence }: Deployment,
  pods: RolloutState,
  now: number,
): SuspicionEvidence | undefined {
  const before = evidence.rollout?.suspicion;
  if (pods.state === "progressing" && !pods.carried) return before;
  const found = pods.state === "failed" ? pods : suspicionOf(pods);
  if (found === undefined) return undefined;
  const { code, detail, excerpt } = found;
  const since = before?.code === code ? before.since : now;
  return { code, detail, since, ...(excerpt === undefined ? {} : { excerpt }) };
}

function suspicionOf(pods: Going): Suspicion | undefined {
  return pods.state === "progressing" ? pods.suspicion : undefined;
}

/** Why Flux gave up: what the pods were suspected of, where they were; Flux's own words after it. */
function causeOf(
  flux: Bad,
  pods: Going,
  suspicion: SuspicionEvidence | undefined,
): [Bad["code"], Pick<Bad, "detail" | "excerpt">] {
  const back = rolledBackTo(flux, pods);
  if (suspicion === undefined || !explainable.has(flux.code)) {
    return [flux.code, { ...flux, detail: `${flux.detail}${back}` }];
  }
  const { code, detail, excerpt } = suspicion;
  const words = /[.!…]$/.test(detail) ? detail : `${detail}.`;
  const seen = { detail: `${words} ${flux.detail}${back}` };
  return [code, excerpt === undefined ? seen : { ...seen, excerpt }];
}

/** Failures of a release that pods can be the cause of. */
const explainable: ReadonlySet<string> = new Set([
  "release-failed",
  "release-timed-out",
  "release-rolled-back",
  "release-uninstalled",
  "retries-exhausted",
]);

function rolledBackTo(flux: Bad, pods: Going): string {
  if (flux.code !== "release-rolled-back" || pods.state !== "progressing") return "";
  return pods.oldTag === undefined ? "" : ` It runs ${pods.oldTag} again.`;
}

function soak(
  deployment: Deployment,
  pods: Extract<RolloutState, { state: "ready" }>,
  flux: Extract<FluxState, { state: "released" }>,
  now: number,
  time: number,
): Outcome {
  const readySince = deployment.evidence.rollout?.readySince ?? now;
  const rollout: RolloutEvidence = {
    readySince,
    pods: pods.pods,
    podsReady: pods.pods,
    ...(pods.digest === undefined ? {} : { digest: pods.digest }),
    running: pods.running.slice(0, mostPods),
  };
  const evidence = { ...released(flux), rollout };
  const left = time - (now - readySince);
  if (left > 0)
    return waiting(
      { seconds: left / 1000 },
      `${pods.pods} of ${pods.pods} ready, watching for a while`,
      evidence,
    );
  return done(`${pods.pods} of ${pods.pods} ready`, evidence);
}

function released(flux: FluxState): Pick<Evidence, "release"> {
  if (flux.state !== "released" || flux.release === undefined) return {};
  return { release: { version: flux.release, generation: flux.generation } };
}

function counts({ evidence }: Deployment, pods: Failing | Going): RolloutEvidence {
  if (pods.state === "ready") return { pods: pods.pods, podsReady: pods.pods };
  if (pods.state === "progressing") return { pods: pods.pods, podsReady: pods.podsReady };
  const { pods: all = 0, podsReady = 0 } = evidence.rollout ?? {};
  return { pods: all, podsReady };
}

type Moving = Exclude<FluxState, { state: "failed" }>;

type HeldUp = Exclude<Moving, { state: "released" }> & { readonly late: CauseCode };

/** Whether it is Flux that waits for something: before it has changed a workload, or when all pods are there. */
function isHeldUp(flux: Moving, pods: Going): flux is HeldUp {
  if (flux.state === "released" || flux.late === undefined) return false;
  return pods.state === "ready" || !pods.carried;
}

function sentence(flux: Moving, pods: Going): string {
  if (isHeldUp(flux, pods) && pods.state === "progressing") return flux.sentence;
  if (pods.state === "progressing") return pods.sentence;
  if (flux.state === "released") return `${pods.pods} of ${pods.pods} ready`;
  return `${pods.pods} of ${pods.pods} ready; ${flux.sentence}`;
}
