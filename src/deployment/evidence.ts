import type { Environment } from "../config/config.ts";
import { links, type Evidence, type Link, type Witness } from "./deployment.ts";

/**
 * What is known after a look: what it found, over what was known before. Each link that says something new is witnessed: when
 * that was seen, and who said so.
 */
export function withEvidence(
  before: Evidence,
  found: Evidence,
  environment: Environment,
  now: number,
): Evidence {
  const witnesses: Partial<Record<Link, Witness>> = { ...before.witnesses };
  for (const link of links) {
    if (found[link] === undefined || isSame(found[link], before[link])) continue;
    witnesses[link] = { at: now, source: sourceOf[link](environment) };
  }
  return { ...before, ...found, ...(Object.keys(witnesses).length === 0 ? {} : { witnesses }) };
}

/** Compared as the ledger keeps them. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Who can say so, in words that a person can find it by. */
const sourceOf: Readonly<Record<Link, (environment: Environment) => string>> = {
  proposal: ({ build }) => `Azure DevOps, ${build.project}`,
  edit: ({ gitops }) => `GitHub, ${gitops.repository}`,
  run: ({ build }) => `Azure DevOps, pipeline ${build.pipeline} of ${build.project}`,
  image: ({ image }) => `${image.registry.replace(/^http:\/\//, "")}/${image.repository}`,
  change: ({ gitops }) => `GitHub, ${gitops.repository}`,
  merge: ({ gitops }) => `GitHub, ${gitops.repository}`,
  sync: () => "Flux, its Kustomization and HelmRelease",
  release: () => "Flux, the HelmRelease",
  rollout: () => "Kubernetes, the pods themselves",
  health: () => "the application itself",
};
