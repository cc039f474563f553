import type { ReleaseName } from "../deployment/deployment.ts";
import { createAccessReview, type Right } from "./access-review.ts";
import type { ClusterOptions } from "./cluster.ts";
import {
  findKustomization,
  findRelease,
  findSource,
  isAddressOf,
  type Chain,
} from "./find-objects.ts";
import { overrideOf } from "./flux.ts";
import { shortRevision, tagOf, targetNamespaceOf } from "./flux-objects.ts";
import { createKubernetes } from "./kubernetes.ts";
import { applyTrouble, otherTag, releaseTrouble, suspensions } from "./preflight.ts";
import { probeReceiver, type ReceiverState } from "./receiver.ts";
import type { Places } from "./rights.ts";

/** What can be found out about a cluster without changing anything. Every method throws ServiceError. */
export interface ClusterExamination {
  /** Whether the API server answers, and knows omnibot. */
  signIn(): Promise<void>;
  flux(release: ReleaseName): Promise<FluxFindings>;
  /** Of these rights, those that omnibot lacks. */
  lacking(rights: readonly Right[]): Promise<readonly Right[]>;
  /** Whether a Receiver listens at this address, without making it do anything. */
  receiver(url: string): Promise<ReceiverState>;
}

export interface FluxFindings {
  readonly places: Places;
  /** What each is called, `namespace/name`; undefined where there is none. */
  readonly release: string | undefined;
  readonly kustomization: string | undefined;
  readonly source:
    | {
        readonly name: string;
        readonly url: string;
        readonly branch: string | undefined;
        readonly fetches: boolean;
      }
    | undefined;
  /** The revision that Flux applied last, for people. */
  readonly revision: string | undefined;
  readonly tag: string | undefined;
  /** Sentences, each for another trouble. */
  readonly suspended: readonly string[];
  readonly troubles: readonly string[];
  readonly override: string | undefined;
  /** How the tag on the cluster differs from the one that Git wants. */
  readonly otherTag: (wanted: string) => readonly string[];
}

export function examineCluster(options: ClusterOptions): ClusterExamination {
  const { kubeConfig, environment, receiverToken = "", patience } = options;
  const { flux, gitops } = environment;
  const kubernetes = createKubernetes(kubeConfig, patience);
  const has = createAccessReview(kubeConfig, patience);

  async function readChain(name: ReleaseName): Promise<Chain> {
    const release = await findRelease(kubernetes, name, flux.namespace);
    const kustomization = release && (await findKustomization(kubernetes, release.object));
    const source = kustomization && (await findSource(kubernetes, kustomization));
    return { release, kustomization, source };
  }

  return {
    async signIn() {
      await has({
        verb: "get",
        group: "",
        resource: "pods",
        namespace: flux.namespace ?? "default",
      });
    },

    async flux(name) {
      const { release, kustomization, source } = await readChain(name);
      const objects = {
        release: release?.object,
        kustomization: kustomization?.object,
        repository: source?.object,
        path: gitops.path,
      };
      const spec = source?.object.spec;
      const revision = kustomization?.object.status.lastAppliedRevision;
      return {
        places: {
          release: release?.namespace ?? name.namespace ?? flux.namespace,
          kustomization: kustomization?.namespace,
          source: source && { namespace: source.namespace, name: source.object.metadata.name },
          workloads: release && targetNamespaceOf(release.object),
        },
        release: nameOf(release),
        kustomization: nameOf(kustomization),
        source: source &&
          spec && {
            name: `${source.namespace}/${source.object.metadata.name}`,
            url: spec.url,
            branch: spec.ref?.branch,
            // What is packed from the repository, as an OCI artifact, says nothing about where it came from.
            fetches:
              source.resource.plural !== "gitrepositories" ||
              (isAddressOf(spec.url, gitops.repository) &&
                (spec.ref?.branch ?? gitops.branch) === gitops.branch),
          },
        revision: revision === undefined ? undefined : shortRevision(revision),
        tag: release && tagOf(release.object, gitops.path),
        suspended: suspensions(objects),
        troubles: [...applyTrouble(objects), ...(release ? releaseTrouble(release.object) : [])],
        override: release && overrideOf(release.object, gitops.path),
        otherTag: (wanted) => (release ? otherTag(release.object, gitops.path, wanted) : []),
      };
    },

    async lacking(rights) {
      const answers = await Promise.all(rights.map(has));
      return rights.filter((_, index) => answers[index] === false);
    },

    receiver: (url) => probeReceiver(url, receiverToken, patience),
  };
}

function nameOf(
  found:
    | {
        readonly namespace: string;
        readonly object: { readonly metadata: { readonly name: string } };
      }
    | undefined,
): string | undefined {
  return found && `${found.namespace}/${found.object.metadata.name}`;
}
