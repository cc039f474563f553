import { parseAllDocuments } from "yaml";
import { waitFor } from "../kubernetes/controller.ts";
import { createNamespace, type Kubernetes } from "../kubernetes/kubernetes.ts";
import { isRecord } from "../kubernetes/merge-patch.ts";
import type { GitRepository, Kustomization } from "../kubernetes/objects.ts";
import { isTerminating } from "../kubernetes/pods.ts";
import { build } from "./build.ts";
import { renderImage } from "./chart.ts";
import type { Commit, Repository } from "./repository.ts";
import { publishRevision, revisionOf } from "./source.ts";

export interface BootstrapOptions {
  readonly branch?: string;
  /** Interval of the GitRepository in Go's form; else what the repository says, or 1m. */
  readonly interval?: string;
}

export const fluxNamespace = "flux-system";
export const sourceName = "gitops";
const syncName = "operations";

/** A repository that says nothing about Flux itself is synced so. */
const defaultSource: GitRepository["spec"] = {
  interval: "1m",
  url: "https://github.com/omnispatial/gitops",
  ref: { branch: "main" },
};
const defaultKustomization: Kustomization["spec"] = {
  interval: "10m",
  retryInterval: "1m",
  timeout: "5m",
  path: "./clusters/operations/production",
  prune: true,
  wait: true,
  sourceRef: { kind: "GitRepository", name: sourceName },
};

/** How many releases before the live one the cluster remembers. */
const remembered = 3;
/** Between a commit and its release, when nobody watched. */
const afterCommit = 90_000;
/** How long this machine may need, in milliseconds at any speed, until what the repository says is healthy. */
const patience = 60_000;

/**
 * Creates GitRepository `gitops` and Kustomization `operations` as the repository itself describes them, or by default, and
 * brings the cluster to what the head says, through the last releases before it, each at its own time. A head whose image
 * does not run is left to the controllers, which will say so.
 */
export async function bootstrap(
  kubernetes: Kubernetes,
  repository: Repository,
  options: BootstrapOptions,
): Promise<void> {
  const { clock } = kubernetes;
  const head = await repository.head(options.branch ?? defaultSource.ref.branch);
  const described = await readDescriptions(repository, head);
  const source = { ...defaultSource, ...described.get("GitRepository") };
  const sync = { ...defaultKustomization, ...described.get("Kustomization") };
  const commits = await chooseCommits(kubernetes, repository, head, sync.path);
  const first = commits[0] ?? head;
  await clock.hurry(first.at, async () => {
    const interval = options.interval ?? source.interval;
    createFluxObjects(kubernetes, { ...source, interval }, sync, first);
  });
  for (const commit of commits) await replay(kubernetes, commit);
  forgetOldEvents(kubernetes);
}

/** The API server keeps events for an hour. */
function forgetOldEvents({ store, clock }: Kubernetes): void {
  for (const { metadata } of store.list("events")) {
    if (Date.parse(metadata.creationTimestamp) > clock.now() - 3_600_000) continue;
    store.remove("events", metadata.namespace, metadata.name);
  }
}

function createFluxObjects(
  kubernetes: Kubernetes,
  source: GitRepository["spec"],
  sync: Kustomization["spec"],
  first: Commit,
): void {
  const { store } = kubernetes;
  const namespace = fluxNamespace;
  const status = { observedGeneration: -1 };
  createNamespace(store, namespace);
  const metadata = { namespace, name: sourceName };
  const created = store.create("gitrepositories", { metadata, spec: source, status });
  publishRevision(kubernetes, created, first);
  store.create("kustomizations", { metadata: { namespace, name: syncName }, spec: sync, status });
}

async function replay(kubernetes: Kubernetes, commit: Commit): Promise<void> {
  const { store, tasks, clock } = kubernetes;
  const at = Math.min(commit.at + afterCommit, clock.now());
  const applied = await clock.hurry(at, async () => {
    const source = store.get("gitrepositories", fluxNamespace, sourceName);
    if (source === undefined) return undefined;
    publishRevision(kubernetes, source, commit);
    const revision = revisionOf(source, commit);
    return await waitFor(kubernetes, clock.speed * patience, tasks.signal, () => {
      const sync = store.get("kustomizations", fluxNamespace, syncName);
      const settled = store.list("pods").every((pod) => !isTerminating(pod));
      return sync?.status.lastAppliedRevision === revision && settled ? true : undefined;
    });
  });
  if (applied !== undefined) return;
  throw new Error(`the sandbox cannot deploy what commit ${commit.sha} of its repository says`);
}

/** The newest commits that brought another image, and the head, as far as their images run; oldest first. */
async function chooseCommits(
  kubernetes: Kubernetes,
  repository: Repository,
  head: Commit,
  path: string,
): Promise<Commit[]> {
  const touching = await repository.log(head.sha, 20, path.replace(/^\.\//, ""));
  const chosen: Commit[] = [];
  let last: string | undefined;
  for (const commit of touching.toReversed()) {
    const image = await readImage(repository, commit, path);
    if (image === undefined || image === last || !runs(kubernetes, image)) continue;
    last = image;
    chosen.push(commit);
  }
  const newest = chosen.slice(-remembered);
  if (newest.at(-1)?.sha === head.sha) return newest;
  const image = await readImage(repository, head, path);
  return image !== undefined && runs(kubernetes, image) ? [...newest, head] : newest;
}

function runs({ image }: Kubernetes, reference: string): boolean {
  const scenario = image(reference)?.scenario;
  return (
    scenario !== undefined && scenario !== "image-cannot-be-pulled" && scenario !== "crash-loop"
  );
}

/** The image that a commit wants; undefined where it cannot be built or has none. */
async function readImage(
  repository: Repository,
  { sha }: Commit,
  path: string,
): Promise<string | undefined> {
  try {
    const manifests = await build(repository, sha, path);
    const spec = manifests.find(({ kind }) => kind === "HelmRelease")?.content["spec"];
    const values = isRecord(spec) ? spec["values"] : undefined;
    return isRecord(values) ? renderImage(values) : undefined;
  } catch {
    return undefined;
  }
}

/** The specs of Flux's own objects, by kind, from a folder flux-system of the repository. */
async function readDescriptions(
  repository: Repository,
  { sha }: Commit,
): Promise<Map<string, object>> {
  const files = (await repository.files(sha, "")).filter((name) =>
    /(^|\/)flux-system\/[^/]+\.ya?ml$/.test(name),
  );
  const documents = await Promise.all(
    files.map(async (name) => parseAllDocuments(await repository.read(sha, name))),
  );
  const specs = new Map<string, object>();
  for (const document of documents.flat()) {
    const content: unknown = document.toJS();
    if (
      !isRecord(content) ||
      !isRecord(content["spec"]) ||
      !String(content["apiVersion"]).includes("toolkit.fluxcd.io")
    )
      continue;
    specs.set(String(content["kind"]), content["spec"]);
  }
  return specs;
}
