import { causes, type CauseCode } from "../../src/deployment/causes.ts";
import { benign } from "./benign.ts";
import type { Benign, Case } from "./case.ts";
import { changeCases } from "./change.ts";
import { clusterCases } from "./cluster.ts";
import { fluxCases } from "./flux.ts";
import { generalCases } from "./general.ts";
import { healthCases } from "./health.ts";
import { imageCases } from "./image.ts";
import { pipelineCases } from "./pipeline.ts";
import { podCases } from "./pods.ts";

/** Every story of the suite, in the order of the table. */
export const families: Readonly<Record<string, readonly Case[]>> = {
  pipeline: pipelineCases,
  image: imageCases,
  change: changeCases,
  flux: fluxCases,
  pods: podCases,
  cluster: clusterCases,
  health: healthCases,
  general: generalCases,
};

export interface Row {
  readonly family: string;
  readonly name: string;
  readonly story: Case | Benign;
}

export const rows: readonly Row[] = [
  ...Object.entries(families).flatMap(([family, cases]) =>
    cases.map((story) => ({
      family,
      name: story.name === undefined ? story.cause : `${story.cause}: ${story.name}`,
      story,
    })),
  ),
  ...benign.map((story) => ({ family: "benign", name: story.name, story })),
];

/** Causes without any case. */
export function missingCauses(): readonly CauseCode[] {
  const told = new Set(Object.values(families).flatMap((cases) => cases.map(({ cause }) => cause)));
  return (Object.keys(causes) as CauseCode[]).filter((code) => !told.has(code));
}
