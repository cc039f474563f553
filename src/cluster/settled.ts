import type { FluxState } from "../deployment/ports.ts";
import type { HelmRelease } from "./flux-objects.ts";
import { conditionOf } from "./objects.ts";

/** Says of a failure whether Flux has ended its work on it: then it neither tries again nor rolls back any more. */
export function withSettled(state: FluxState, release: HelmRelease | undefined): FluxState {
  if (state.state !== "failed") return state;
  const over = state.code === "superseded" || release === undefined || hasEnded(release);
  return over ? { ...state, settled: true } : state;
}

function hasEnded({ metadata, status }: HelmRelease): boolean {
  const holds = (type: string) => {
    const found = conditionOf(status.conditions, type);
    const of = found?.observedGeneration ?? status.observedGeneration;
    return found !== undefined && of >= metadata.generation ? found.status : undefined;
  };
  if (holds("Stalled") === "True") return true;
  return holds("Reconciling") !== "True" && holds("Remediated") !== undefined;
}
