import type { Right } from "./access-review.ts";

const reading = ["get", "list", "watch"] as const;
const flux = {
  source: "source.toolkit.fluxcd.io",
  kustomize: "kustomize.toolkit.fluxcd.io",
  helm: "helm.toolkit.fluxcd.io",
} as const;

/** Where the objects of one environment live. */
export interface Places {
  /** Of the HelmRelease; undefined where omnibot has to look for it in the whole cluster. */
  readonly release: string | undefined;
  readonly kustomization: string | undefined;
  readonly source: { readonly namespace: string; readonly name: string } | undefined;
  /** Of the pods. */
  readonly workloads: string | undefined;
}

/** What omnibot cannot work without: to see Flux's objects, and the workloads. What infra/kubernetes/access grants. */
export function neededRights(places: Places): readonly Right[] {
  const { release, kustomization, source, workloads } = places;
  const read = (group: string, resource: string, namespace: string | undefined) =>
    reading.map((verb): Right => ({ verb, group, resource, namespace }));
  return [
    ...read(flux.helm, "helmreleases", release),
    ...read(flux.kustomize, "kustomizations", kustomization ?? release),
    ...read(flux.source, "gitrepositories", source?.namespace ?? release),
    ...(workloads === undefined ? [] : rightsOnWorkloads(workloads)),
  ];
}

function rightsOnWorkloads(namespace: string): readonly Right[] {
  const apps = ["deployments", "statefulsets", "daemonsets", "replicasets"];
  return [
    ...apps.flatMap((resource) =>
      reading.map((verb) => ({ verb, group: "apps", resource, namespace })),
    ),
    ...reading.map((verb) => ({ verb, group: "", resource: "pods", namespace })),
    { verb: "list", group: "batch", resource: "jobs", namespace },
  ];
}

/** What makes a failure easier to understand, and is no condition of a deployment. */
export function explainingRights({ release, workloads }: Places): readonly Right[] {
  const controllers = "flux-system";
  return [
    ...(workloads === undefined
      ? []
      : [
          { verb: "list", group: "", resource: "events", namespace: workloads },
          { verb: "get", group: "", resource: "pods/log", namespace: workloads },
        ]),
    { verb: "get", group: flux.source, resource: "helmcharts", namespace: release },
    { verb: "get", group: flux.source, resource: "ocirepositories", namespace: release },
    { verb: "get", group: "apps", resource: "deployments", namespace: controllers },
    { verb: "list", group: "", resource: "pods", namespace: controllers },
    { verb: "get", group: "", resource: "pods/log", namespace: controllers },
  ];
}

/** `flux.poke: annotation` writes one annotation of the source; nothing else that omnibot does writes to the cluster. */
export function pokingRight({ release, source }: Places): Right {
  return {
    verb: "patch",
    group: flux.source,
    resource: "gitrepositories",
    namespace: source?.namespace ?? release,
    ...(source === undefined ? {} : { name: source.name }),
  };
}

/** What omnibot never needs, and whoever took it over would be glad of. */
export function needlessRights({ workloads, release }: Places): readonly Right[] {
  const namespace = workloads ?? release;
  return [
    { verb: "get", group: "", resource: "secrets", namespace },
    { verb: "create", group: "", resource: "pods/exec", namespace },
    { verb: "create", group: "", resource: "pods", namespace },
    { verb: "update", group: "apps", resource: "deployments", namespace },
    { verb: "update", group: flux.helm, resource: "helmreleases", namespace: release },
  ];
}
