import type { z } from "zod";
import type { Environment } from "../config/config.ts";
import type { ReleaseName } from "../deployment/deployment.ts";
import { ServiceError } from "../deployment/service-error.ts";
import { toServiceError } from "./errors.ts";
import {
  helmRelease,
  kustomization,
  repository,
  type HelmRelease,
  type Kustomization,
  type Repository,
} from "./flux-objects.ts";
import type { Kubernetes, Resource } from "./kubernetes.ts";

/** v2beta2 is what clusters with Flux before 2.3 serve. */
const helmReleaseVersions = ["v2", "v2beta2"] as const;
export const kustomizations: Resource = {
  group: "kustomize.toolkit.fluxcd.io",
  version: "v1",
  plural: "kustomizations",
};
const sourceGroup = { group: "source.toolkit.fluxcd.io", version: "v1" } as const;
const sources: Readonly<Record<string, Resource>> = {
  GitRepository: { ...sourceGroup, plural: "gitrepositories" },
  OCIRepository: { ...sourceGroup, plural: "ocirepositories" },
};

const helmCharts: Resource = { ...sourceGroup, plural: "helmcharts" };

/** An object with what is needed to ask for it again. */
export interface Found<T> {
  readonly resource: Resource;
  readonly namespace: string;
  readonly object: T;
}

/** The objects that lead from a release to its source; those further up are undefined where nothing leads to them. */
export interface Chain {
  readonly release: Found<HelmRelease> | undefined;
  readonly kustomization: Found<Kustomization> | undefined;
  readonly source: Found<Repository> | undefined;
}

/** The HelmRelease of that name; where nobody says its namespace, the one of that name in the whole cluster. */
export async function findRelease(
  kubernetes: Kubernetes,
  release: ReleaseName,
  fallback: Environment["flux"]["namespace"],
): Promise<Found<HelmRelease> | undefined> {
  const namespace = release.namespace ?? fallback;
  for (const version of helmReleaseVersions) {
    const resource = { group: "helm.toolkit.fluxcd.io", version, plural: "helmreleases" };
    const found =
      namespace === undefined
        ? await findAnywhere(kubernetes, resource, release.name)
        : await findIn(kubernetes, resource, namespace, release.name);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function findIn(
  kubernetes: Kubernetes,
  resource: Resource,
  namespace: string,
  name: string,
): Promise<Found<HelmRelease> | undefined> {
  const object = await read(kubernetes, resource, namespace, name, helmRelease);
  return object === undefined ? undefined : { resource, namespace, object };
}

async function findAnywhere(
  kubernetes: Kubernetes,
  resource: Resource,
  name: string,
): Promise<Found<HelmRelease> | undefined> {
  const fields = `metadata.name=${name}`;
  const list = await kubernetes.list(resource, { namespace: undefined, fields });
  const objects = list.map((item) => check(helmRelease, item, resource.plural));
  const [object, other] = objects;
  if (object === undefined) return undefined;
  if (other !== undefined) {
    const where = objects.map(({ metadata }) => metadata.namespace).join(", ");
    const message = `There is a HelmRelease ${name} in ${where}: set flux.namespace`;
    throw new ServiceError("kubernetes", "invalid", "none", message);
  }
  return { resource, namespace: object.metadata.namespace ?? "default", object };
}

/** The Kustomization that applies a release, by the labels that Flux puts on what it applies. */
export async function findKustomization(
  kubernetes: Kubernetes,
  { metadata }: HelmRelease,
): Promise<Found<Kustomization> | undefined> {
  const name = metadata.labels["kustomize.toolkit.fluxcd.io/name"];
  const namespace = metadata.labels["kustomize.toolkit.fluxcd.io/namespace"];
  if (name === undefined || namespace === undefined) return undefined;
  const object = await read(kubernetes, kustomizations, namespace, name, kustomization);
  return object === undefined ? undefined : { resource: kustomizations, namespace, object };
}

/** The source of a Kustomization. */
export async function findSource(
  kubernetes: Kubernetes,
  found: Found<Kustomization>,
): Promise<Found<Repository> | undefined> {
  const { kind, name, namespace = found.namespace } = found.object.spec.sourceRef;
  const resource = sources[kind];
  if (resource === undefined) return undefined;
  const object = await read(kubernetes, resource, namespace, name, repository);
  return object === undefined ? undefined : { resource, namespace, object };
}

/** What holds the chart of a release; its object is undefined where there is none. */
export interface ChartSource {
  readonly kind: string;
  readonly name: string;
  readonly object: Repository | undefined;
}

/** The object that the chart of a release comes from; undefined where the release does not say, or another kind. */
export async function findChart(
  kubernetes: Kubernetes,
  { object, namespace: own }: Found<HelmRelease>,
): Promise<ChartSource | undefined> {
  const { chartRef } = object.spec;
  const [namespace = own, made] = object.status.helmChart?.split("/") ?? [];
  const { kind, name = "" } = chartRef ?? { kind: "HelmChart", name: made };
  const resource = kind === "HelmChart" ? helmCharts : sources[kind];
  if (resource === undefined || name === "") return undefined;
  const where = chartRef?.namespace ?? namespace;
  return { kind, name, object: await read(kubernetes, resource, where, name, repository) };
}

/** The GitRepository of this GitHub repository and branch, for when no release leads to it. */
export async function findSourceByAddress(
  kubernetes: Kubernetes,
  { repository: wanted, branch }: Environment["gitops"],
): Promise<Found<Repository> | undefined> {
  const resource: Resource = { ...sourceGroup, plural: "gitrepositories" };
  const list = await kubernetes.list(resource, { namespace: undefined });
  const objects = list.map((item) => check(repository, item, resource.plural));
  const of = objects.filter(({ spec }) => isAddressOf(spec.url, wanted));
  const object =
    of.find(({ spec }) => spec.ref?.branch === branch) ?? (of.length === 1 ? of[0] : undefined);
  if (object === undefined) return undefined;
  return { resource, namespace: object.metadata.namespace ?? "default", object };
}

/** ssh://git@github.com/owner/name, https://github.com/owner/name.git: the end tells. */
export function isAddressOf(url: string, name: string): boolean {
  const path = url
    .toLowerCase()
    .replace(/\/$/, "")
    .replace(/\.git$/, "");
  return path.endsWith(`/${name.toLowerCase()}`);
}

async function read<T extends z.ZodType>(
  kubernetes: Kubernetes,
  resource: Resource,
  namespace: string,
  name: string,
  schema: T,
): Promise<z.output<T> | undefined> {
  const object = await kubernetes.get(resource, namespace, name);
  return object === undefined ? undefined : check(schema, object, `${resource.plural}/${name}`);
}

/** What comes from the cluster is checked before it is believed. */
export function check<T extends z.ZodType>(schema: T, object: unknown, what: string): z.output<T> {
  const checked = schema.safeParse(object);
  if (checked.success) return checked.data;
  throw toServiceError(checked.error, "kubernetes", `Reading ${what}`, "none");
}
