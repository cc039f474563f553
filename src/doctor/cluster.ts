import { wordsOf, type Right } from "../cluster/access-review.ts";
import { examineCluster, type ClusterExamination } from "../cluster/examine-cluster.ts";
import { explainingRights, needlessRights, neededRights, pokingRight } from "../cluster/rights.ts";
import type { TagState } from "../deployment/ports.ts";
import { azureCheck } from "./azure.ts";
import { failed, off, ok, shared, warning, type Check, type Finding } from "./check.ts";
import type { EnvironmentSubject } from "./subject.ts";

/** Whether omnibot sees what Flux and the pods do, and Flux would bring a change. */
export function checksOfCluster(
  { environment, clients }: EnvironmentSubject,
  readTag: () => Promise<TagState>,
): readonly Check[] {
  const { name, flux, gitops } = environment;
  const examination = shared(async () => examineCluster(clients.cluster(environment)));
  const objects = shared(async () => {
    const live = await readTag();
    if (live.state === "failed") throw new Error(live.detail);
    return (await examination()).flux(live.release);
  });
  const lacking = async (rights: readonly Right[]) => (await examination()).lacking(rights);
  const at = { environment: name };
  const wayIn = {
    "in-cluster":
      "omnibot must run as a pod of that cluster, with its service account's token mounted; elsewhere set flux.cluster to kubeconfig or aks.",
    kubeconfig:
      "Check KUBECONFIG and flux.cluster.kubeconfig.context, and that its user's sign-in is still good.",
    aks: "Check flux.cluster.aks: the API server's address and its CA; omnibot's identity needs \"Azure Kubernetes Service Cluster User\", and its object id the roles of infra/kubernetes/access.",
  }[flux.cluster.kind];
  const access =
    "Apply infra/kubernetes/access, with a RoleBinding in each namespace that omnibot deploys to.";
  return [
    {
      ...at,
      id: "cluster.sign-in",
      about: "sign-in to the cluster",
      needs: flux.cluster.kind === "aks" ? [azureCheck] : [],
      async find() {
        await (await examination()).signIn();
        return ok("the API server knows omnibot");
      },
      remedies: {
        denied: wayIn,
        unreachable: `${wayIn} The network must let omnibot reach the API server.`,
        invalid: wayIn,
      },
    },
    {
      ...at,
      id: "flux.release",
      about: "the HelmRelease",
      needs: ["cluster.sign-in", "gitops.file"],
      async find() {
        const { release, tag, override, otherTag } = await objects();
        const live = await readTag();
        if (live.state === "failed")
          return failed(live.detail, "Mend what is said about the file.");
        if (release === undefined)
          return failed(
            `there is no HelmRelease ${live.release.name} on the cluster`,
            "Check that Flux applies the file, that this is the right cluster (flux.cluster), and flux.namespace where the file does not say it.",
          );
        if (override !== undefined)
          return failed(
            override,
            `Remove what sets the tag there: else a change of ${gitops.file} does not matter.`,
          );
        const [other] = otherTag(live.tag);
        if (other !== undefined)
          return warning(
            other,
            "Wait until Flux has applied the newest commit, or look for what else sets the tag.",
          );
        return ok(`${release} carries ${tag}`);
      },
      remedies: { denied: access, invalid: "Say where the HelmRelease is: flux.namespace." },
    },
    {
      ...at,
      id: "flux.source",
      about: "what Flux fetches and applies",
      needs: ["flux.release"],
      async find() {
        const { kustomization, source, revision } = await objects();
        if (kustomization === undefined)
          return warning(
            "no Kustomization of Flux has put its labels on the HelmRelease",
            "Let a Kustomization of Flux apply the file: omnibot then sees how far it has come.",
          );
        if (source === undefined)
          return warning(
            `Kustomization ${kustomization} has a source that is not there`,
            "Look at its spec.sourceRef.",
          );
        if (!source.fetches)
          return failed(
            `${source.name} fetches ${source.url}${source.branch === undefined ? "" : `, branch ${source.branch}`}: a merge to ${gitops.branch} of ${gitops.repository} never arrives`,
            "Set gitops.repository and gitops.branch to what Flux fetches.",
          );
        return ok(
          `${source.name} and Kustomization ${kustomization}, at ${revision ?? "no revision yet"}`,
        );
      },
      remedies: { denied: access },
    },
    {
      ...at,
      id: "flux.suspended",
      about: "suspensions",
      needs: ["flux.release"],
      async find() {
        const { suspended } = await objects();
        if (suspended.length === 0) return ok("nothing is suspended");
        return failed(
          suspended.join("\n"),
          "Resume it with `flux resume`, when whoever suspended it agrees.",
        );
      },
    },
    {
      ...at,
      id: "flux.state",
      about: "how Flux is",
      needs: ["flux.release"],
      async find() {
        const { troubles } = await objects();
        if (troubles.length === 0) return ok("the last change was applied and released");
        return warning(
          troubles.join("\n"),
          "Mend that first: a deployment on top of it will most likely not get through.",
        );
      },
    },
    {
      ...at,
      id: "cluster.rights",
      about: "rights to read",
      needs: ["cluster.sign-in", "flux.release"],
      async find() {
        const { places } = await objects();
        const rights = neededRights(places);
        const missing = await lacking(rights);
        if (missing.length === 0) return ok(`omnibot has all ${rights.length} that it needs`);
        return failed(`omnibot may not ${listed(missing)}`, access);
      },
      remedies: { denied: access },
    },
    {
      ...at,
      id: "cluster.explaining",
      about: "rights to explain",
      needs: ["cluster.sign-in", "flux.release"],
      async find() {
        const { places } = await objects();
        const missing = await lacking(explainingRights(places));
        if (missing.length === 0) return ok("omnibot may read events, logs and Flux's controllers");
        return warning(
          `omnibot may not ${listed(missing)}`,
          `Failures are told all the same, with less of their reason. ${access}`,
        );
      },
    },
    {
      ...at,
      id: "cluster.least",
      about: "rights that it must not need",
      needs: ["cluster.sign-in", "flux.release"],
      async find() {
        const { places } = await objects();
        const needless = [
          ...needlessRights(places),
          ...(flux.poke.kind === "annotation" ? [] : [pokingRight(places)]),
        ];
        const missing = new Set(await lacking(needless));
        const held = needless.filter((right) => !missing.has(right));
        if (held.length === 0) return ok("omnibot has none of those that it must not need");
        return warning(
          `omnibot may ${listed(held)}, and needs it for nothing`,
          "Take them away: bind infra/kubernetes/access alone, and no role such as cluster-admin or edit.",
        );
      },
    },
    {
      ...at,
      id: "flux.poke",
      about: "telling Flux of a change",
      needs: ["cluster.sign-in", "flux.release"],
      find: async () => findPoke(flux.poke, await examination(), (await objects()).places),
      remedies: {
        unreachable:
          "Check flux.poke.receiver, and that the network lets omnibot reach Flux's webhook-receiver.",
        invalid: "Check flux.poke.",
      },
    },
  ];
}

async function findPoke(
  poke: EnvironmentSubject["environment"]["flux"]["poke"],
  examination: ClusterExamination,
  places: Parameters<typeof pokingRight>[0],
): Promise<Finding> {
  if (poke.kind === "none") return off("flux.poke is none: Flux looks at its own interval");
  if (poke.kind === "annotation") {
    const missing = await examination.lacking([pokingRight(places)]);
    if (missing.length === 0) return ok("omnibot may annotate the source");
    return failed(
      `omnibot may not ${listed(missing)}`,
      "Apply infra/kubernetes/poke with the source's name in it, or set flux.poke to none or a receiver.",
    );
  }
  const { state, status, token } = await examination.receiver(poke.url);
  switch (state) {
    case "listens":
      return ok(
        `the Receiver listens and asks for a signature${token === "fits" ? "; FLUX_RECEIVER_TOKEN is its token" : ""}`,
      );
    case "unknown":
      return failed(
        "there is no Receiver at this address",
        "Compare flux.poke.receiver with `kubectl get receiver -n flux-system omnibot -o jsonpath={.status.webhookPath}`: it changes with the token.",
      );
    case "suspended":
      return failed(
        "the Receiver is suspended, or not ready",
        "Resume it, and look at its status.",
      );
    case "other":
      return failed(
        `an unsigned call is answered ${status}, and 400 by a Receiver of type generic-hmac`,
        "Check flux.poke.receiver: host webhook-receiver.flux-system.svc, and a Receiver of type generic-hmac.",
      );
  }
}

function listed(rights: readonly Right[]): string {
  return rights.map(wordsOf).join(", ");
}
