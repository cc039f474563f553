import type { Deployment, Evidence, RolloutEvidence } from "../deployment.ts";
import { known } from "../known.ts";
import type { FluxState, RolloutState } from "../ports.ts";
import { done, failed, waiting, type Outcome, type Step } from "../step.ts";
import { wantedOf } from "../wanted.ts";

/** So many are kept by name; all are counted. */
const mostPods = 20;

/**
 * Follows the new pods until every one runs exactly the verified image, ready, and Flux has released that generation, and
 * stays so for the soak time. Both are watched here, since Helm waits for the pods and the pods fail long before Helm does.
 */
export const rollOut: Step = {
  name: "roll-out",
  title: "Pods",
  deadline: 20 * 60_000,
  late: "rollout-stalled",

  async advance(deployment, { world: { cluster }, environment, clock }) {
    const wanted = wantedOf(deployment);
    const { digests } = known(deployment, "image");
    const [flux, pods] = await Promise.all([
      cluster.readFlux(wanted),
      cluster.readRollout({ ...wanted, digests }),
    ]);

    // What the pods say is the cause; what Flux says about it is its echo.
    if (pods.state === "failed") return failed(pods.code, pods);
    if (flux.state === "failed") return failed(flux.code, flux);
    if (pods.state === "ready" && flux.state === "released") {
      return soak(deployment, pods, flux, clock.now(), environment.rollout.soak);
    }
    return waiting({ seconds: 3 }, sentence(flux, pods), {
      ...released(flux),
      rollout: counts(pods),
    });
  },

  watch: (deployment, { cluster }, hint) =>
    cluster.watch(known(deployment, "proposal").release, hint),
};

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

function released(flux: Exclude<FluxState, { state: "failed" }>): Pick<Evidence, "release"> {
  if (flux.state !== "released" || flux.release === undefined) return {};
  return { release: { version: flux.release, generation: flux.generation } };
}

function counts(pods: Exclude<RolloutState, { state: "failed" }>): RolloutEvidence {
  return { pods: pods.pods, podsReady: pods.state === "ready" ? pods.pods : pods.podsReady };
}

function sentence(
  flux: Exclude<FluxState, { state: "failed" }>,
  pods: Exclude<RolloutState, { state: "failed" }>,
): string {
  if (pods.state === "progressing") return pods.sentence;
  if (flux.state === "released") return `${pods.pods} of ${pods.pods} ready`;
  return `${pods.pods} of ${pods.pods} ready; ${flux.sentence}`;
}
