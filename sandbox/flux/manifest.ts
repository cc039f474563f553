/** One object of a repository's files. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly content: Readonly<Record<string, unknown>>;
}

/** What kustomize would refuse, in its manner. */
export class BuildError extends Error {}
