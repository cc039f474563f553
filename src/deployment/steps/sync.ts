import { known } from "../known.ts";
import type { Cluster } from "../ports.ts";
import { ServiceError } from "../service-error.ts";
import { done, failed, waiting, type Step } from "../step.ts";
import { wantedOf } from "../wanted.ts";

/** Follows Flux until the HelmRelease on the cluster carries the tag of our commit. */
export const sync: Step = {
  name: "sync",
  title: "Flux",
  deadline: 15 * 60_000,

  async advance(deployment, { world: { cluster }, once }) {
    const told = await once("poke-flux", {
      find: () => Promise.resolve(undefined),
      act: () => poke(cluster),
      facts: {},
    });
    const flux = await cluster.readFlux(wantedOf(deployment));
    switch (flux.state) {
      case "fetching":
      case "applying":
        return waiting(
          { seconds: 5 },
          told.unheard === undefined ? flux.sentence : `${flux.sentence} (${told.unheard})`,
        );
      case "upgrading":
      case "released": {
        const { generation, revision } = flux;
        return done("applied", {
          sync: { generation, ...(revision === undefined ? {} : { revision }) },
        });
      }
      case "failed":
        return failed(flux.code, flux);
    }
  },

  watch: (deployment, { cluster }, hint) =>
    cluster.watch(known(deployment, "proposal").release, hint),
};

/** A poke that fails only costs time: Flux looks by itself at its own interval. */
async function poke(cluster: Cluster): Promise<{ readonly unheard?: string }> {
  try {
    await cluster.poke();
    return {};
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { unheard: "Flux could not be told, it looks by itself" };
  }
}
