import { randomUUID } from "node:crypto";
import type { Clock } from "./clock.ts";
import { isSameJson } from "./equal.ts";
import type { KubernetesObject, Metadata } from "./objects.ts";
import { apiVersion, resources, type Kinds, type Plural } from "./resources.ts";

/** One write, as watches see it. */
export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly plural: Plural;
  readonly object: KubernetesObject;
  readonly previous: KubernetesObject | undefined;
  readonly version: number;
}

export type NewMetadata = Pick<Metadata, "name"> &
  Partial<
    Pick<Metadata, "namespace" | "generateName" | "labels" | "annotations" | "ownerReferences">
  >;

export type NewObject<P extends Plural> = Omit<Kinds[P], "kind" | "apiVersion" | "metadata"> & {
  metadata: NewMetadata;
};

type Objects = { [P in Plural]: Map<string, Kinds[P]> };

/**
 * Keeps the objects in memory, with the rules of the API server: every write gets the next resourceVersion, a write that
 * changes nothing is none, generation counts changes of the spec. What it gives out are copies.
 */
export class Store {
  readonly #clock: Clock;
  readonly #objects: Objects = {
    namespaces: new Map(),
    nodes: new Map(),
    pods: new Map(),
    events: new Map(),
    deployments: new Map(),
    replicasets: new Map(),
    statefulsets: new Map(),
    daemonsets: new Map(),
    controllerrevisions: new Map(),
    jobs: new Map(),
    gitrepositories: new Map(),
    ocirepositories: new Map(),
    helmrepositories: new Map(),
    helmcharts: new Map(),
    kustomizations: new Map(),
    helmreleases: new Map(),
    receivers: new Map(),
  };
  readonly #window: number;
  readonly #changes: Change[] = [];
  readonly #listeners = new Set<(change: Change) => void>();
  /** A listener may write: everybody sees its write after the one that led to it. */
  readonly #undelivered: Change[] = [];
  #delivering = false;
  #version = 100;
  #forgotten = 100;

  constructor(clock: Clock, window = 5000) {
    this.#clock = clock;
    this.#window = window;
  }

  /** The resourceVersion of the newest write. */
  get version(): number {
    return this.#version;
  }

  get<P extends Plural>(
    plural: P,
    namespace: string | undefined,
    name: string,
  ): Kinds[P] | undefined {
    return structuredClone(this.#objects[plural].get(key(namespace, name)));
  }

  /** In the order of their names, as etcd lists them. */
  list<P extends Plural>(plural: P, namespace?: string): Kinds[P][] {
    const all: Kinds[P][] = [...this.#objects[plural].values()];
    return all
      .filter((object) => namespace === undefined || object.metadata.namespace === namespace)
      .toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
      .map((object) => structuredClone(object));
  }

  create<P extends Plural>(plural: P, content: NewObject<P>, uid: string = randomUUID()): Kinds[P] {
    const { namespace, name } = content.metadata;
    const resource = resources[plural];
    if (this.#objects[plural].has(key(namespace, name)))
      throw new Error(`${plural} "${name}" already exists`);
    const metadata: Metadata = {
      ...content.metadata,
      uid,
      resourceVersion: String(this.#next()),
      ...(resource.generation ? { generation: 1 } : {}),
      creationTimestamp: this.#clock.timestamp(),
    };
    const rest = structuredClone(content);
    // A new object of a kind is that kind with its metadata completed; the compiler cannot follow this through a generic.
    const object = {
      kind: resource.kind,
      apiVersion: apiVersion(plural),
      ...rest,
      metadata,
    } as unknown as Kinds[P];
    this.#objects[plural].set(key(namespace, name), object);
    this.#publish({ type: "ADDED", plural, object, previous: undefined, version: this.#version });
    return structuredClone(object);
  }

  /** Applies a change to the newest version of an object; undefined when there is none (any more). */
  update<P extends Plural>(
    plural: P,
    namespace: string | undefined,
    name: string,
    change: (draft: Kinds[P]) => void,
  ): Kinds[P] | undefined {
    const previous = this.#objects[plural].get(key(namespace, name));
    if (previous === undefined) return undefined;
    const object = structuredClone(previous);
    change(object);
    if (isSameJson(object, previous)) return object;
    const { metadata } = object;
    const deleted =
      metadata.deletionTimestamp !== undefined && previous.metadata.deletionTimestamp === undefined;
    if (
      metadata.generation !== undefined &&
      (deleted || !isSameJson(desired(plural, object), desired(plural, previous)))
    ) {
      metadata.generation = (previous.metadata.generation ?? 0) + 1;
    }
    metadata.resourceVersion = String(this.#next());
    this.#objects[plural].set(key(namespace, name), object);
    this.#publish({ type: "MODIFIED", plural, object, previous, version: this.#version });
    return structuredClone(object);
  }

  /** Removes an object at once. A pod is asked to end first, with `deletionTimestamp`: see deletePod. */
  remove(plural: Plural, namespace: string | undefined, name: string): void {
    const previous = this.#objects[plural].get(key(namespace, name));
    if (previous === undefined) return;
    this.#objects[plural].delete(key(namespace, name));
    const object = structuredClone(previous);
    object.metadata.resourceVersion = String(this.#next());
    this.#publish({ type: "DELETED", plural, object, previous, version: this.#version });
  }

  /** Calls the listener after each write, until the returned function is called. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The writes after a version; undefined when they are not remembered any more. */
  changesSince(version: number): readonly Change[] | undefined {
    if (version < this.#forgotten) return undefined;
    return this.#changes.filter((change) => change.version > version);
  }

  /** Forgets all writes, as compaction does: every version before now is too old to watch from. */
  forget(): void {
    this.#changes.length = 0;
    // A watch may always start at the newest version.
    this.#forgotten = this.#version;
  }

  #next(): number {
    this.#version += 1;
    return this.#version;
  }

  #publish(change: Change): void {
    this.#changes.push(change);
    while (this.#changes.length > this.#window)
      this.#forgotten = this.#changes.shift()?.version ?? this.#forgotten;
    this.#undelivered.push(change);
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (
        let next = this.#undelivered.shift();
        next !== undefined;
        next = this.#undelivered.shift()
      ) {
        for (const listener of this.#listeners) listener(next);
      }
    } finally {
      this.#delivering = false;
    }
  }
}

function key(namespace: string | undefined, name: string): string {
  return `${namespace ?? ""}/${name}`;
}

function order(object: KubernetesObject): string {
  return key(object.metadata.namespace, object.metadata.name);
}

/** What generation counts. Binding a pod to its node is no change of its generation. */
function desired(plural: Plural, object: KubernetesObject): unknown {
  return plural === "pods" ? undefined : object.spec;
}
