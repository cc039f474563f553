import { startFlux, type Flux } from "../../sandbox/flux/flux.ts";
import type { Kubernetes } from "../../sandbox/kubernetes/kubernetes.ts";
import { createCluster } from "../../src/cluster/cluster.ts";
import type { FluxPoke } from "../../src/config/config.ts";
import type { Cluster, FluxState, RolloutState, Wanted } from "../../src/deployment/ports.ts";
import { createGitOps, helmRelease, type GitOps } from "../sandbox/flux/gitops.ts";
import { connect, digest, name, namespace, startCluster } from "../sandbox/kubernetes/cluster.ts";
import { environment } from "./environment.ts";

const live = "production-40655";
const release = { name, namespace };
const clock = { now: () => Date.now() };
const images = {
  [live]: "success",
  "production-40672": "success",
  "production-40673": "image-cannot-be-pulled",
  "production-40674": "crash-loop",
} as const;

let kubernetes: Kubernetes;
let gitops: GitOps;
let flux: Flux;

beforeEach(async () => {
  kubernetes = await startCluster(images, { speed: 40 });
  gitops = await createGitOps(live);
  const receiverToken = "receiver-token";
  flux = await startFlux({ kubernetes, gitDir: gitops.dir, interval: "10h", receiverToken });
});

afterEach(async () => {
  await flux.close();
  await kubernetes.close();
  await gitops.remove();
});

async function open(poke: FluxPoke = { kind: "annotation" }): Promise<Cluster> {
  const receiverToken = "receiver-token";
  const kubeConfig = await connect(kubernetes.url);
  return createCluster({ kubeConfig, environment: environment(poke), receiverToken, clock });
}

async function merge(tag: string): Promise<Wanted> {
  const since = Date.now();
  const commit = await gitops.push({ "helm-release.yaml": helmRelease(tag) });
  return { release, tag, commit, since };
}

interface Followed {
  readonly flux: readonly FluxState["state"][];
  readonly lastFlux: FluxState;
  readonly pods: RolloutState;
}

/** Looks again and again, as the steps do, until pods and Flux agree or one has failed. */
async function follow(cluster: Cluster, wanted: Wanted): Promise<Followed> {
  const states: FluxState["state"][] = [];
  let generation: number | undefined;
  for (let looks = 0; looks < 500; looks += 1) {
    const known = generation === undefined ? wanted : { ...wanted, generation };
    const lastFlux = await cluster.readFlux(known);
    if (states.at(-1) !== lastFlux.state) states.push(lastFlux.state);
    if ("generation" in lastFlux) generation = lastFlux.generation;
    const pods = await cluster.readRollout({ ...known, digests: [digest] });
    const ready = pods.state === "ready" && lastFlux.state === "released";
    if (ready || pods.state === "failed" || lastFlux.state === "failed") {
      return { flux: states, lastFlux, pods };
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("it never came to an end");
}

test("P10 follows a commit from the poke to the last pod, and believes nothing before", async () => {
  const cluster = await open();
  const wanted = await merge("production-40672");
  expect(await cluster.readFlux(wanted)).toMatchObject({ state: "fetching" });
  expect(await cluster.poke()).toBe("poked");
  const { flux: states, lastFlux, pods } = await follow(cluster, wanted);
  expect(states.filter((state) => state !== "fetching" && state !== "applying")).toEqual([
    "upgrading",
    "released",
  ]);
  expect(lastFlux).toMatchObject({ generation: 2, revision: `main@sha1:${wanted.commit}` });
  expect(pods).toMatchObject({ state: "ready", pods: 3, digest, running: [{}, {}, { digest }] });
  expect(await cluster.readLive(release)).toEqual({
    tag: "production-40672",
    flux: {
      ok: true,
      sentence: expect.stringMatching(/^release 2, at main@[0-9a-f]{7}$/),
      since: expect.any(Number),
    },
    pods: { ok: true, sentence: "3 of 3 ready on 40672" },
  });
}, 30_000);

test("P7 the digest that the pods run must be the registry's", async () => {
  const cluster = await open();
  const wanted = {
    release,
    tag: live,
    commit: "a",
    since: 0,
    digests: [`sha256:${"0".repeat(64)}`],
  };
  expect(await cluster.readRollout(wanted)).toMatchObject({ code: "digest-mismatch" });
}, 30_000);

test("an image that cannot be pulled is told long before Helm gives up", async () => {
  const cluster = await open();
  const wanted = await merge("production-40673");
  await cluster.poke();
  const { pods, lastFlux } = await follow(cluster, wanted);
  expect(pods).toMatchObject({ state: "failed", code: "pull-denied" });
  expect(lastFlux.state).toBe("upgrading");
}, 30_000);

test("a crash loop comes with the last words of the container", async () => {
  const cluster = await open();
  const wanted = await merge("production-40674");
  await cluster.poke();
  const { pods } = await follow(cluster, wanted);
  expect(pods).toMatchObject({ state: "failed", code: "crash-loop" });
  const lines = pods.state === "failed" ? (pods.excerpt?.lines ?? []) : [];
  expect(lines.some((line) => line.includes("TILE_CACHE_URL is not set"))).toBe(true);
}, 30_000);

test("Flux is told by its Receiver, too", async () => {
  const cluster = await open({ kind: "receiver", url: flux.receiverUrl });
  const wanted = await merge("production-40672");
  expect(await cluster.poke()).toBe("poked");
  expect((await follow(cluster, wanted)).lastFlux.state).toBe("released");
}, 30_000);

describe("A watch", () => {
  /** Counts hints; `next` resolves with the next one. */
  function counted() {
    let count = 0;
    let next = Promise.withResolvers<void>();
    const hint = () => {
      count += 1;
      next.resolve();
      next = Promise.withResolvers<void>();
    };
    return { hint, next: () => next.promise, count: () => count };
  }

  test("hints at every change, also after its versions grew too old, until it is stopped", async () => {
    const cluster = await open();
    const hints = counted();
    const watching = cluster.watch(release, hints.hint);
    try {
      await hints.next();
      await new Promise((resolve) => setTimeout(resolve, 400));
      const change = (tag: string) =>
        kubernetes.store.update("gitrepositories", "flux-system", "gitops", (object) => {
          object.metadata.annotations = { "example/tag": tag };
        });
      const first = hints.next();
      change("one");
      await first;
      kubernetes.expire();
      await new Promise((resolve) => setTimeout(resolve, 400));
      const second = hints.next();
      change("two");
      await second;
    } finally {
      watching.stop();
    }
    const before = hints.count();
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(hints.count()).toBe(before);
  }, 30_000);

  test("of a release that is not there waits, and does no harm", async () => {
    const cluster = await open();
    const hints = counted();
    const watching = cluster.watch({ name: "absent", namespace }, hints.hint);
    await new Promise((resolve) => setTimeout(resolve, 100));
    watching.stop();
    expect(hints.count()).toBe(0);
  }, 30_000);
});
