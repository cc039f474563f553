import { settledBy } from "../follow.ts";
import { known } from "../known.ts";
import { overtakenBy, overtakerOf } from "../overtaken.ts";
import type { Cluster, FluxState, GitOps } from "../ports.ts";
import { ServiceError } from "../service-error.ts";
import { done, failed, waiting, type Outcome, type Step } from "../step.ts";
import { wantedOf } from "../wanted.ts";

/** Follows Flux until the HelmRelease on the cluster carries the tag, applied from our merge or from what came after it. */
export const sync: Step = {
  name: "sync",
  title: "Flux",
  deadline: 15 * 60_000,
  late: "flux-silent",
  follows: true,

  async advance(deployment, { world: { cluster, gitops }, once }) {
    // What others did is followed, not driven.
    const told =
      deployment.kind === "observed"
        ? {}
        : await once<Told>("poke-flux", {
            find: () => Promise.resolve(undefined),
            act: () => poke(cluster),
            facts: {},
          });
    const flux = await cluster.readFlux(wantedOf(deployment));
    switch (flux.state) {
      case "fetching":
      case "applying": {
        const overtaken = await overtakenBy(deployment, gitops);
        if (overtaken !== undefined) return failed("superseded", overtaken);
        return waiting(
          { seconds: 5 },
          told.unheard === undefined ? flux.sentence : `${flux.sentence} (${told.unheard})`,
          {},
          flux.late,
        );
      }
      case "upgrading":
      case "released":
        return applied(flux, known(deployment, "merge").commit, gitops);
      case "failed":
        return {
          ...failed(flux.code, { ...flux, ...(await overtakerOf(flux, deployment, gitops)) }),
          settled: settledBy(flux, undefined),
        };
    }
  },

  watch: (deployment, { cluster }, hint) =>
    cluster.watch(known(deployment, "proposal").release, hint),
};

/** The tag alone could come from anywhere: what Flux applied must hold the merge. */
async function applied(
  flux: Extract<FluxState, { state: "upgrading" | "released" }>,
  merge: string,
  gitops: GitOps,
): Promise<Outcome> {
  const { generation, revision, commit } = flux;
  const seen = { generation, ...(revision === undefined ? {} : { revision }) };
  // An OCI artifact, or a release that no Kustomization applies, names no commit.
  if (commit === undefined) return done("applied", { sync: seen });

  const relation = await gitops.compare(merge, commit);
  const other = commit.slice(0, 7);
  switch (relation) {
    case "same":
      return done("applied", { sync: { ...seen, relation } });
    case "descendant":
      return done(`applied with a later commit, ${other}`, { sync: { ...seen, relation } });
    case "ancestor":
      return waiting(
        { seconds: 2 },
        `Flux says it applied ${other}, waits for ${merge.slice(0, 7)}`,
      );
    case "unknown":
      return waiting({ seconds: 5 }, `Flux applied ${other}, which GitHub does not know`);
    case "apart": {
      const detail = `Flux applied ${other}, which does not come after ${merge.slice(0, 7)}.`;
      return failed("merge-lost", { detail });
    }
  }
}

interface Told {
  readonly unheard?: string;
}

/** A poke that fails only costs time: Flux looks by itself at its own interval. */
async function poke(cluster: Cluster): Promise<Told> {
  try {
    await cluster.poke();
    return {};
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { unheard: "Flux could not be told, it looks by itself" };
  }
}
