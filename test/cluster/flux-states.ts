import { decideFlux } from "../../src/cluster/flux.ts";
import { helmRelease, kustomization, repository } from "../../src/cluster/flux-objects.ts";
import type { FluxState, Wanted } from "../../src/deployment/ports.ts";

export const oldCommit = "a".repeat(40);
export const newCommit = "b".repeat(40);
export const since = Date.parse("2026-03-05T10:00:00Z");

export const wanted: Wanted = {
  release: { name: "omnispatial-web", namespace: "omnispatial" },
  tag: "production-40672",
  commit: newCommit,
  since,
};

type Fields = Readonly<Record<string, unknown>>;

export function condition(
  type: string,
  status: "True" | "False" | "Unknown",
  reason: string,
  message = "",
  more: Fields = {},
): Fields {
  return { type, status, reason, message, lastTransitionTime: "2026-03-05T10:01:00Z", ...more };
}

/** One state of the three objects, as a simulator of Flux would write it; the start is the old commit, all well. */
export class FluxObjects {
  suspended: "release" | "kustomization" | "repository" | undefined;
  tag: string | undefined = "production-40655";
  generation = 7;
  extraSpec: Fields = {};
  /** Of the repository. */
  annotations: Record<string, string> = {};
  deleted = false;
  release: Fields = {
    observedGeneration: 7,
    lastAttemptedConfigDigest: "sha256:A",
    history: [snapshot(12, "deployed", "upgrade", "A")],
    conditions: [
      condition("Ready", "True", "UpgradeSucceeded", "Helm upgrade succeeded", {
        observedGeneration: 7,
      }),
      condition("Released", "True", "UpgradeSucceeded", "", { observedGeneration: 7 }),
    ],
  };
  kustomization: Fields = {
    lastAttemptedRevision: `main@sha1:${oldCommit}`,
    lastAppliedRevision: `main@sha1:${oldCommit}`,
    conditions: [condition("Ready", "True", "ReconciliationSucceeded")],
  };
  repository: Fields = {
    artifact: { revision: `main@sha1:${oldCommit}` },
    conditions: [condition("Ready", "True", "Succeeded")],
  };

  /** Flux has fetched and applied the new commit: the release carries the tag, in its next generation. */
  applied(release: Fields = {}): this {
    this.repository = { ...this.repository, artifact: { revision: `main@sha1:${newCommit}` } };
    this.kustomization = {
      ...this.kustomization,
      lastAttemptedRevision: `main@sha1:${newCommit}`,
    };
    this.tag = wanted.tag;
    this.generation = 8;
    this.release = { ...this.release, ...release };
    return this;
  }

  /** What is decided at `now`, by default half a minute after the last condition changed. */
  decide(more: Partial<Wanted> = {}, now = since + 90_000): FluxState {
    return decideFlux(this.objects(), { ...wanted, ...more }, now);
  }

  objects(): Parameters<typeof decideFlux>[0] {
    const metadata = { namespace: "flux-system", creationTimestamp: null };
    const suspend = (name: typeof this.suspended) => this.suspended === name;
    return {
      path: ["spec", "values", "image", "tag"],
      release: this.deleted
        ? undefined
        : helmRelease.parse({
            metadata: {
              name: "omnispatial-web",
              namespace: "omnispatial",
              generation: this.generation,
            },
            spec: {
              suspend: suspend("release"),
              values: { image: this.tag === undefined ? {} : { tag: this.tag } },
              ...this.extraSpec,
            },
            status: this.release,
          }),
      kustomization: kustomization.parse({
        metadata: { ...metadata, name: "operations" },
        spec: {
          suspend: suspend("kustomization"),
          sourceRef: { kind: "GitRepository", name: "gitops" },
        },
        status: this.kustomization,
      }),
      repository: repository.parse({
        metadata: { ...metadata, name: "gitops", annotations: this.annotations },
        spec: {
          suspend: suspend("repository"),
          interval: "5m0s",
          url: "https://github.com/omnispatial/gitops",
        },
        status: this.repository,
      }),
    };
  }
}

export function snapshot(version: number, status: string, action: string, digest: string): Fields {
  return { version, status, action, configDigest: `sha256:${digest}` };
}

export const og8 = { observedGeneration: 8 };
/** The newest attempt, of generation 8. */
export const attempted = { lastAttemptedConfigDigest: "sha256:B" };
export const reconciling = (message: string, reason = "Progressing") =>
  condition("Reconciling", "True", reason, message, og8);
