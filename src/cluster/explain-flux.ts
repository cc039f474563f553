import type { Clock, Bad, FluxState } from "../deployment/ports.ts";
import { isRunning, readControllerLog, type Controller } from "./controllers.ts";
import { explainCulprits, findCulprit } from "./culprit.ts";
import { findChart, type Chain } from "./find-objects.ts";
import { refusal } from "./flux.ts";
import type { HelmRelease } from "./flux-objects.ts";
import { bad, words } from "./helm-release.ts";
import type { Kubernetes } from "./kubernetes.ts";
import { conditionOf } from "./objects.ts";

/** Who of Flux knows more about a failure; Helm's failures are helm-controller's. */
const controllerOf: Readonly<Partial<Record<Bad["code"], Controller>>> = {
  "flux-fetch-failed": "source-controller",
  "flux-build-failed": "kustomize-controller",
  "flux-apply-failed": "kustomize-controller",
  "values-missing": "helm-controller",
  "values-invalid": "helm-controller",
  "release-failed": "helm-controller",
  "release-timed-out": "helm-controller",
  "release-test-failed": "helm-controller",
  "release-locked": "helm-controller",
  "release-rolled-back": "helm-controller",
  "release-uninstalled": "helm-controller",
  "retries-exhausted": "helm-controller",
};

/** Who of Flux has to move next. */
const turnOf: Readonly<Record<string, Controller>> = {
  fetching: "source-controller",
  applying: "kustomize-controller",
  upgrading: "helm-controller",
};

/** How long (ms) a chart may be refused before that is certain. */
const chartGrace = 30_000;

/** Adds to what was decided about Flux what only more reading can tell: evidence of a failure, the reason of a wait. */
export async function explainFlux(
  kubernetes: Kubernetes,
  state: FluxState,
  chain: Chain,
  clock: Clock,
): Promise<FluxState> {
  if (state.state === "failed") return withEvidence(kubernetes, state, chain);
  if (state.state === "released" || chain.release === undefined) return state;
  if (state.late === "flux-silent") {
    const controller = turnOf[state.state] ?? "helm-controller";
    const running = await isRunning(kubernetes, controller, homeOf(chain));
    return running === false
      ? { ...state, sentence: `${state.sentence}; ${controller} is not running` }
      : state;
  }
  if (state.state !== "upgrading") return state;
  if (state.late === "chart-not-ready") return explainChart(kubernetes, state, chain, clock.now());
  if (state.late !== undefined || !isWaiting(chain.release.object)) return state;
  const culprit = await findCulprit(kubernetes, chain.release.object).catch(() => undefined);
  if (culprit === undefined) return state;
  return { ...state, sentence: `Helm waits for ${culprit}`, late: "release-timed-out" };
}

/** The failing object's own words, or else those of the controller about it. */
async function withEvidence(kubernetes: Kubernetes, failure: Bad, chain: Chain): Promise<Bad> {
  const controller = controllerOf[failure.code];
  if (controller === undefined) return failure;
  const about = {
    "source-controller": chain.source,
    "kustomize-controller": chain.kustomization,
    "helm-controller": chain.release,
  }[controller];
  const excerpt =
    (await explainCulprits(kubernetes, failure.detail)) ??
    (about && (await readControllerLog(kubernetes, controller, about, homeOf(chain))));
  return excerpt === undefined ? failure : { ...failure, excerpt };
}

/** Why there is no chart: its source says it. */
async function explainChart(
  kubernetes: Kubernetes,
  state: Extract<FluxState, { state: "upgrading" }>,
  { release }: Chain,
  now: number,
): Promise<FluxState> {
  if (release === undefined) return state;
  const found = await findChart(kubernetes, release).catch(() => undefined);
  if (found === undefined) return state;
  if (found.object === undefined) {
    return { ...state, sentence: `There is no ${found.kind} ${found.name}` };
  }
  const { conditions } = found.object.status;
  const failed = [conditionOf(conditions, "FetchFailed"), conditionOf(conditions, "Ready")].find(
    (one) => (one?.type === "Ready" ? one.status === "False" : one?.status === "True"),
  );
  if (failed === undefined) return state;
  const detail = `${found.kind} ${found.name}: ${words(failed)}`;
  const lasts = now - (failed.lastTransitionTime ?? now) >= chartGrace;
  return lasts && refusal.test(failed.message ?? "")
    ? bad("chart-not-ready", detail)
    : { ...state, sentence: `Flux waits: ${detail}` };
}

/** Whether Helm has changed everything and waits for it to be ready. */
function isWaiting({ status }: HelmRelease): boolean {
  const running = conditionOf(status.conditions, "Reconciling")?.message ?? "";
  return /^Running '(install|upgrade)' action/.test(running);
}

/** The namespace that Flux runs in, most likely: where its own Kustomization and source are. */
function homeOf({ kustomization, source }: Chain): string | undefined {
  return kustomization?.namespace ?? source?.namespace;
}
