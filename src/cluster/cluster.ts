import type { KubeConfig } from "@kubernetes/client-node";
import type { Environment } from "../config/config.ts";
import type { Bad, Clock, Cluster } from "../deployment/ports.ts";
import { ServiceError } from "../deployment/service-error.ts";
import { explain } from "./explain.ts";
import type { ReleaseName } from "../deployment/deployment.ts";
import { explainFlux } from "./explain-flux.ts";
import {
  findKustomization,
  findRelease,
  findSource,
  findSourceByAddress,
  type Chain,
  type Found,
} from "./find-objects.ts";
import { decideFlux } from "./flux.ts";
import { tagOf, type HelmRelease, type Repository } from "./flux-objects.ts";
import { bad, hasReleased } from "./helm-release.ts";
import { createKubernetes } from "./kubernetes.ts";
import { preflightOf } from "./preflight.ts";
import { liveState } from "./live.ts";
import { readWorkloads } from "./read-workloads.ts";
import { callReceiver } from "./receiver.ts";
import { decideRollout } from "./rollout.ts";
import { withSettled } from "./settled.ts";
import { watchRelease } from "./watch-release.ts";
import { watchTimes, type WatchTimes } from "./watch.ts";
import type { RolloutObjects } from "./workload.ts";

export interface ClusterOptions {
  readonly kubeConfig: KubeConfig;
  readonly environment: Environment;
  /** The shared secret of Flux's Receiver, where one is configured. */
  readonly receiverToken?: string;
  readonly clock: Clock;
  readonly watchTimes?: WatchTimes;
  /** The longest that one call may take, in milliseconds. */
  readonly patience?: number;
}

/** Flux and the workloads of one environment. Reads throw ServiceError with effect "none"; they may always be repeated. */
export function createCluster(options: ClusterOptions): Cluster {
  const { kubeConfig, environment, receiverToken, clock, patience } = options;
  const { flux, gitops, image } = environment;
  const { poke } = flux;
  const kubernetes = createKubernetes(kubeConfig, patience);
  if (poke.kind === "receiver" && (receiverToken ?? "") === "") {
    throw new Error("flux.poke is a receiver, which needs FLUX_RECEIVER_TOKEN");
  }
  /** The last failure with its evidence: it is looked for once, however often the failure is looked at. */
  let explained: Bad | undefined;
  /** Where the last release led to, so that a poke finds it without a search. */
  let knownSource: Found<Repository> | undefined;

  const find = (release: ReleaseName) => findRelease(kubernetes, release, flux.namespace);

  async function readChain(name: ReleaseName): Promise<Chain> {
    const release = await find(name);
    const kustomization =
      release === undefined ? undefined : await findKustomization(kubernetes, release.object);
    const source =
      kustomization === undefined ? undefined : await findSource(kubernetes, kustomization);
    knownSource = source ?? knownSource;
    return { release, kustomization, source };
  }

  async function readObjects(
    release: HelmRelease,
    tag: string | undefined,
  ): Promise<RolloutObjects> {
    const workloads = await readWorkloads(kubernetes, release, image.repository);
    const released = tag !== undefined && hasReleased(release, gitops.path, tag);
    return { ...workloads, released, now: clock.now() };
  }

  return {
    async poke() {
      if (poke.kind === "none") return "off";
      if (poke.kind === "receiver") {
        await callReceiver(poke.url, receiverToken ?? "", clock.now(), patience);
        return "poked";
      }
      const source = knownSource ?? (await findSourceByAddress(kubernetes, gitops));
      if (source === undefined) {
        const message = `No GitRepository fetches ${gitops.repository}`;
        throw new ServiceError("flux", "invalid", "none", message);
      }
      // Should it be gone, the next poke searches anew.
      knownSource = undefined;
      const { resource, namespace, object } = source;
      const requestedAt = new Date(clock.now()).toISOString();
      await kubernetes.annotate(resource, namespace, object.metadata.name, {
        "reconcile.fluxcd.io/requestedAt": requestedAt,
      });
      knownSource = source;
      return "poked";
    },

    async readFlux(wanted) {
      const { release, kustomization, source } = await readChain(wanted.release);
      // The release again and last: read before the others, it might not carry yet what they say is applied.
      const latest = release === undefined ? undefined : await find(wanted.release);
      const decided = decideFlux(
        {
          release: latest?.object,
          kustomization: kustomization?.object,
          repository: source?.object,
          path: gitops.path,
        },
        wanted,
        clock.now(),
      );
      const state = withSettled(decided, latest?.object);
      if (state.state === "failed" && isSame(state, explained)) return { ...explained, ...state };
      const chain = { release: latest, kustomization, source };
      const told = await explainFlux(kubernetes, state, chain, clock);
      if (told.state === "failed") explained = told;
      return told;
    },

    async preflight(name, now) {
      const { release, kustomization, source } = await readChain(name);
      const objects = {
        release: release?.object,
        kustomization: kustomization?.object,
        repository: source?.object,
        path: gitops.path,
      };
      return preflightOf(objects, name, now);
    },

    async readRollout({ release: name, tag, digests, since }) {
      const release = await find(name);
      if (release === undefined) return missing(name);
      if (isElsewhere(release.object)) return elsewhere;
      const wanted = { repository: image.repository, tag, digests, since };
      const objects = await readObjects(release.object, tag);
      return explain(kubernetes, decideRollout(objects, wanted), objects, wanted);
    },

    async readLive(name) {
      const { release, kustomization, source } = await readChain(name);
      const tag = release === undefined ? undefined : tagOf(release.object, gitops.path);
      const objects =
        release === undefined || isElsewhere(release.object)
          ? undefined
          : await readObjects(release.object, tag);
      return liveState({
        release: release?.object,
        kustomization: kustomization?.object,
        repository: source?.object,
        tag,
        objects,
        imageRepository: image.repository,
      });
    },

    watch: (release, hint) =>
      watchRelease({
        kubeConfig,
        kubernetes,
        readChain: () => readChain(release),
        repository: image.repository,
        hint,
        times: options.watchTimes ?? watchTimes,
      }),
  };
}

function isSame(failure: Bad, known: Bad | undefined): known is Bad {
  return failure.code === known?.code && failure.detail === known.detail;
}

function missing({ name }: ReleaseName): Bad {
  return bad("release-missing", `There is no HelmRelease ${name}.`);
}

const elsewhere = bad(
  "workloads-not-found",
  "The HelmRelease installs into another cluster (spec.kubeConfig), which omnibot does not see.",
);

function isElsewhere({ spec }: HelmRelease): boolean {
  return spec["kubeConfig"] !== undefined && spec["kubeConfig"] !== null;
}
