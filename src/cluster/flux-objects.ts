import { z } from "zod";
import { condition, listOf, metadata, time } from "./objects.ts";

const suspend = z.boolean().default(false);

const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** A duration as Go writes it, `1m0s`, as milliseconds; 0 where there is none. */
const duration = z
  .string()
  .default("")
  .transform((text) =>
    [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[hms])/g)].reduce(
      (sum, [, count, unit = ""]) => sum + Number(count) * (units[unit] ?? 0),
      0,
    ),
  );

/** A GitRepository, or an OCIRepository, which has the same shape. */
export const repository = z.object({
  metadata,
  spec: z.object({
    suspend,
    interval: duration,
    url: z.string().default(""),
    ref: z.object({ branch: z.string().optional() }).nullish(),
  }),
  status: z
    .object({
      artifact: z.object({ revision: z.string(), lastUpdateTime: time }).nullish(),
      lastHandledReconcileAt: z.string().optional(),
      conditions: listOf(condition),
    })
    .prefault({}),
});

export const kustomization = z.object({
  metadata,
  spec: z.object({
    suspend,
    sourceRef: z.object({
      kind: z.string(),
      name: z.string(),
      namespace: z.string().optional(),
    }),
  }),
  status: z
    .object({
      lastAttemptedRevision: z.string().optional(),
      lastAppliedRevision: z.string().optional(),
      conditions: listOf(condition),
    })
    .prefault({}),
});

const snapshot = z.object({
  version: z.number(),
  status: z.string().default(""),
  action: z.string().optional(),
  configDigest: z.string().optional(),
  lastDeployed: z.string().optional(),
});

/** helm.toolkit.fluxcd.io/v2, and v2beta2, whose status may lack history and digests. The spec is kept whole for its values. */
export const helmRelease = z.object({
  metadata,
  spec: z.looseObject({
    suspend,
    targetNamespace: z.string().optional(),
    releaseName: z.string().optional(),
    chartRef: z
      .object({ kind: z.string(), name: z.string(), namespace: z.string().optional() })
      .nullish(),
    valuesFrom: listOf(
      z.object({ targetPath: z.string().optional(), optional: z.boolean().default(false) }),
    ),
  }),
  status: z
    .object({
      observedGeneration: z.number().default(-1),
      /** Of the HelmChart that Flux made for it, `namespace/name`; none with a chartRef. */
      helmChart: z.string().optional(),
      lastAttemptedConfigDigest: z.string().optional(),
      history: listOf(snapshot),
      conditions: listOf(condition),
    })
    .prefault({}),
});

export type Repository = z.output<typeof repository>;
export type Kustomization = z.output<typeof kustomization>;
export type HelmRelease = z.output<typeof helmRelease>;

/** The tag that a HelmRelease carries at this path (`["spec", "values", "image", "tag"]`); undefined when there is none. */
export function tagOf(release: HelmRelease, path: readonly string[]): string | undefined {
  let value: unknown = release;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.entries(value).find(([name]) => name === key)?.[1];
  }
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** The digest of a revision, `main@sha1:…` or `sha1:…`: what stands behind its last `@`, without the algorithm. */
export function digestOf(revision: string): string {
  return revision.slice(revision.lastIndexOf("@") + 1).replace(/^sha(1|256):/, "");
}

/** The commit that a revision names; undefined where it is not one of Git (the digest of an OCI artifact). */
export function commitOf(revision: string): string | undefined {
  const digest = digestOf(revision);
  return /^[0-9a-f]{40}$/.test(digest) ? digest : undefined;
}

/** A revision for people, `main@4be1f02`. */
export function shortRevision(revision: string): string {
  const pointer = revision.lastIndexOf("@");
  const digest = digestOf(revision).slice(0, 7);
  return pointer < 0 ? digest : `${revision.slice(0, pointer)}@${digest}`;
}

/** Where the pods of a release run. */
export function targetNamespaceOf(release: HelmRelease): string {
  return release.spec.targetNamespace ?? release.metadata.namespace ?? "default";
}
