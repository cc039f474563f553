import { setTimeout as delay } from "node:timers/promises";
import { startFlux, type Flux } from "../../sandbox/flux/flux.ts";
import type { Kubernetes } from "../../sandbox/kubernetes/kubernetes.ts";
import { createCluster } from "../../src/cluster/cluster.ts";
import type { Cluster } from "../../src/deployment/ports.ts";
import { createGitOps, type GitOps } from "../sandbox/flux/gitops.ts";
import { connect, digest, name, namespace, startCluster } from "../sandbox/kubernetes/cluster.ts";
import { environment } from "./environment.ts";

const live = "production-40655";
const release = { name, namespace };
/** Milliseconds. */
const times = { silence: 2000, shortestWait: 20, longestWait: 100, between: 10 };

let kubernetes: Kubernetes;
let gitops: GitOps;
let flux: Flux;
let watch: { stop(): void } | undefined;
let hints = 0;

beforeEach(async () => {
  kubernetes = await startCluster({ [live]: "success" }, { speed: 40 });
  gitops = await createGitOps(live);
  flux = await startFlux({ kubernetes, gitDir: gitops.dir, interval: "10h" });
  hints = 0;
}, 30_000);

afterEach(async () => {
  watch?.stop();
  watch = undefined;
  await flux.close();
  await kubernetes.close();
  await gitops.remove();
});

async function open(): Promise<Cluster> {
  const kubeConfig = await connect(kubernetes.url);
  const clock = { now: () => Date.now() };
  return createCluster({ kubeConfig, environment: environment(), clock, watchTimes: times });
}

/** Every list and watch of a kind that was asked for. */
function asked(plural: string): readonly URLSearchParams[] {
  return kubernetes.standIn.journal
    .map(({ path }) => new URL(path, kubernetes.url))
    .filter(({ pathname }) => pathname.endsWith(`/${plural}`))
    .map(({ searchParams }) => searchParams);
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let looks = 0; !holds(); looks += 1) {
    if (looks > 2000) throw new Error(`waited for ${what}`);
    await delay(5);
  }
}

/** Changes a pod of the release until the watch tells of it; false when it never does. */
async function isNoticed(): Promise<boolean> {
  const [pod] = kubernetes.store.list("pods", namespace);
  const before = hints;
  for (let change = 0; change < 400; change += 1) {
    kubernetes.store.update("pods", namespace, pod?.metadata.name ?? "", ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, change: String(change) };
    });
    await delay(25);
    if (hints > before) return true;
  }
  return false;
}

async function watchIt(): Promise<void> {
  watch = (await open()).watch(release, () => (hints += 1));
  await until("the watch of the pods", () => asked("pods").some((one) => one.has("watch")));
  expect(await isNoticed()).toBe(true);
}

test("only what belongs to the release is asked for, however many pods its namespace holds", async () => {
  const { store } = kubernetes;
  const [one] = store.list("pods", namespace);
  if (one === undefined) throw new Error("there is no pod");
  for (let count = 0; count < 600; count += 1) {
    const labels = { "app.kubernetes.io/name": "other" };
    const metadata = { name: `other-${count}`, namespace, labels };
    store.create("pods", { metadata, spec: one.spec, status: one.status });
  }
  await watchIt();
  const wanted = { release, tag: live, commit: "c".repeat(40), since: 0, digests: [digest] };
  expect(await (await open()).readRollout(wanted)).toMatchObject({ state: "ready", pods: 3 });
  for (const query of [...asked("pods"), ...asked("replicasets")]) {
    expect(query.get("labelSelector")).toContain("app.kubernetes.io/instance");
  }
  for (const query of asked("events")) expect(query.get("fieldSelector")).toMatch(/involvedObject/);
  const before = hints;
  store.update("pods", namespace, "other-7", ({ metadata }) => {
    metadata.annotations = { changed: "yes" };
  });
  await delay(100);
  expect(hints).toBe(before);
}, 60_000);

const refusing = (status: number) => ({
  answer: { status, headers: { "content-type": "application/json" }, body: '{"kind":"Status"}' },
});

test.each([
  ["an expired token", refusing(401)],
  ["a permission that was lost", refusing(403)],
  ["an API server that is down", refusing(503)],
  ["connections that are reset", { reset: "before" }],
] as const)(
  "the watch survives %s",
  async (_, fault) => {
    await watchIt();
    const { faults } = kubernetes.standIn;
    faults.push({ path: "/(pods|deployments|replicasets|helmreleases)", times: 1e9, ...fault });
    kubernetes.expire("status");
    await delay(200);
    faults.length = 0;
    expect(await isNoticed()).toBe(true);
  },
  30_000,
);

test.each(["event", "status"] as const)(
  "the watch survives a version too old (as %s)",
  async (how) => {
    await watchIt();
    const lists = asked("pods").filter((one) => !one.has("watch")).length;
    kubernetes.expire(how);
    expect(await isNoticed()).toBe(true);
    await until(
      "a new list",
      () => asked("pods").filter((one) => !one.has("watch")).length > lists,
    );
  },
  30_000,
);

test("nothing is asked any more once it is stopped", async () => {
  await watchIt();
  watch?.stop();
  await delay(50);
  const before = kubernetes.standIn.journal.length;
  await delay(300);
  expect(kubernetes.standIn.journal.length).toBe(before);
}, 30_000);
