import { createHmac } from "node:crypto";
import { createCluster } from "../../src/cluster/cluster.ts";
import type { FluxPoke } from "../../src/config/config.ts";
import type { Wanted } from "../../src/deployment/ports.ts";
import { StandIn } from "../../sandbox/stand-in.ts";
import { troubleOf } from "../trouble.ts";
import { nock, withoutNetwork } from "../without-network.ts";
import { environment, kubeConfigFor, server } from "./environment.ts";

const now = Date.parse("2026-03-05T10:00:00Z");
const commit = "b".repeat(40);
const wanted: Wanted = {
  release: { name: "omnispatial-web", namespace: undefined },
  tag: "production-40672",
  commit,
  since: now,
};

const helmReleases = "/apis/helm.toolkit.fluxcd.io/v2/helmreleases";
const gitRepositories = "/apis/source.toolkit.fluxcd.io/v1/gitrepositories";
const gitRepository = {
  metadata: { name: "gitops", namespace: "flux-system" },
  spec: { url: "ssh://git@github.com/OmniSpatial/gitops.git", ref: { branch: "main" } },
  status: { artifact: { revision: `main@sha1:${"a".repeat(40)}` } },
};

function release(namespace: string) {
  return {
    metadata: {
      name: "omnispatial-web",
      namespace,
      generation: 7,
      labels: {
        "kustomize.toolkit.fluxcd.io/name": "operations",
        "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
      },
    },
    spec: { values: { image: { tag: "production-40655" } } },
    status: { observedGeneration: 7 },
  };
}

function open(poke?: FluxPoke, receiverToken?: string, patience?: number) {
  return createCluster({
    ...(patience === undefined ? {} : { patience }),
    kubeConfig: kubeConfigFor(),
    environment: environment(poke),
    ...(receiverToken === undefined ? {} : { receiverToken }),
    clock: { now: () => now },
  });
}

/** The API server knows neither such an object nor such an API. */
const absent = { kind: "Status", reason: "NotFound", message: "not found", code: 404 };

withoutNetwork({ allAsked: true });

const fields = { limit: "500", fieldSelector: "metadata.name=omnispatial-web" };

describe("Finding the release", () => {
  test("whose namespace nobody says, and from it the Kustomization and the source", async () => {
    nock(server, { reqheaders: { authorization: "Bearer cluster-token" } })
      .get(helmReleases)
      .query(fields)
      .twice()
      .reply(200, { metadata: {}, items: [release("omnispatial")] })
      .get("/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/operations")
      .reply(200, {
        metadata: { name: "operations" },
        spec: { sourceRef: { kind: "GitRepository", name: "gitops" } },
        status: {},
      })
      .get("/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/gitops")
      .reply(200, gitRepository);
    expect(await open().readFlux(wanted)).toEqual({
      state: "fetching",
      sentence: "Flux is at main@aaaaaaa, waits for bbbbbbb",
    });
  });

  test("in an older Flux by its older version", async () => {
    nock(server)
      .get("/apis/helm.toolkit.fluxcd.io/v2/namespaces/omnispatial/helmreleases/omnispatial-web")
      .reply(404, "404 page not found\n")
      .get(
        "/apis/helm.toolkit.fluxcd.io/v2beta2/namespaces/omnispatial/helmreleases/omnispatial-web",
      )
      .reply(200, { ...release("omnispatial"), spec: { kubeConfig: { secretRef: {} } } });
    const named = { ...wanted, release: { name: "omnispatial-web", namespace: "omnispatial" } };
    expect(await open().readRollout({ ...named, digests: [] })).toMatchObject({
      code: "workloads-not-found",
      detail: expect.stringContaining("another cluster"),
    });
  });

  test("that is not there is an answer, not an error", async () => {
    nock(server)
      .get(helmReleases)
      .query(fields)
      .reply(200, { items: [] })
      .get("/apis/helm.toolkit.fluxcd.io/v2beta2/helmreleases")
      .query(fields)
      .reply(404, absent);
    expect(await open().readRollout({ ...wanted, digests: [] })).toEqual({
      state: "failed",
      code: "release-missing",
      detail: "There is no HelmRelease omnispatial-web.",
    });
  });

  test("twice asks for the namespace", async () => {
    nock(server)
      .get(helmReleases)
      .query(fields)
      .reply(200, { items: [release("omnispatial"), release("staging")] });
    expect(await troubleOf(open().readFlux(wanted))).toMatchObject({
      trouble: "invalid",
      message: "There is a HelmRelease omnispatial-web in omnispatial, staging: set flux.namespace",
    });
  });
});

describe("Poking Flux", () => {
  const annotated = {
    metadata: { annotations: { "reconcile.fluxcd.io/requestedAt": "2026-03-05T10:00:00.000Z" } },
  };
  const patched = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/gitops";

  test("annotates the GitRepository of the repository, by a merge patch in omnibot's name", async () => {
    nock(server)
      .get(gitRepositories)
      .query({ limit: "500" })
      .reply(200, {
        items: [
          { ...gitRepository, metadata: { name: "other" }, spec: { url: "https://x.example/y" } },
          gitRepository,
        ],
      });
    nock(server, { reqheaders: { "content-type": "application/merge-patch+json" } })
      .patch(patched, annotated)
      .query({ fieldManager: "omnibot" })
      .reply(200, gitRepository);
    expect(await open({ kind: "annotation" }).poke()).toBe("poked");
  });

  test("is denied without the right to patch, with the server's words alone", async () => {
    nock(server)
      .get(gitRepositories)
      .query(true)
      .reply(200, { items: [gitRepository] })
      .patch(patched)
      .query(true)
      .reply(403, { kind: "Status", message: "gitrepositories is forbidden" });
    expect(await troubleOf(open({ kind: "annotation" }).poke())).toMatchObject({
      service: "kubernetes",
      trouble: "denied",
      effect: "none",
      message: "Annotating gitrepositories/gitops in flux-system: gitrepositories is forbidden",
    });
  });

  test("whose answer is lost may have had its effect", async () => {
    nock(server)
      .get(gitRepositories)
      .query(true)
      .reply(200, { items: [gitRepository] })
      .patch(patched)
      .query(true)
      .replyWithError(Object.assign(new Error("lost"), { code: "ECONNRESET" }));
    expect(await troubleOf(open({ kind: "annotation" }).poke())).toMatchObject({
      trouble: "unreachable",
      effect: "unknown",
    });
  });

  test("by a Receiver signs exactly the bytes that it sends", async () => {
    const url = "http://webhook-receiver.flux-system.svc/hook/1234";
    let signature = "";
    let body = "";
    nock("http://webhook-receiver.flux-system.svc")
      .post("/hook/1234", (sent: unknown) => {
        body = JSON.stringify(sent);
        return true;
      })
      .matchHeader("x-signature", (value) => {
        signature = String(value);
        return true;
      })
      .reply(200);
    expect(await open({ kind: "receiver", url }, "receiver-token").poke()).toBe("poked");
    const hmac = createHmac("sha256", "receiver-token").update(body).digest("hex");
    expect(signature).toBe(`sha256=${hmac}`);
  });

  test("by a Receiver that is busy or broken", async () => {
    const url = "http://webhook-receiver.flux-system.svc/hook/1234";
    nock("http://webhook-receiver.flux-system.svc")
      .post("/hook/1234")
      .reply(429, "", { "retry-after": "7" })
      .post("/hook/1234")
      .reply(503, "");
    const cluster = open({ kind: "receiver", url }, "receiver-token");
    expect(await troubleOf(cluster.poke())).toMatchObject({
      service: "flux",
      trouble: "throttled",
      retryAfter: 7000,
    });
    expect(await troubleOf(cluster.poke())).toMatchObject({
      service: "flux",
      trouble: "unreachable",
      effect: "unknown",
      message: "Flux's Receiver answers 503",
    });
  });

  test("by a Receiver that does not answer is given up, and in doubt", async () => {
    const url = "http://webhook-receiver.flux-system.svc/hook/1234";
    nock("http://webhook-receiver.flux-system.svc").post("/hook/1234").delay(2000).reply(200);
    const impatient = open({ kind: "receiver", url }, "receiver-token", 20);
    expect(await troubleOf(impatient.poke())).toMatchObject({
      service: "flux",
      trouble: "unreachable",
      effect: "unknown",
      message: "Calling Flux's Receiver: no answer in time",
    });
    nock.abortPendingRequests();
  });

  test("that is off does nothing", async () => {
    expect(await open({ kind: "none" }).poke()).toBe("off");
  });

  test("by a Receiver without its token is a mistake of the configuration", () => {
    expect(() => open({ kind: "receiver", url: "http://x.example/" })).toThrow(
      "FLUX_RECEIVER_TOKEN",
    );
  });
});

describe("What goes wrong with a call", () => {
  const read = () => troubleOf(open().readRollout({ ...wanted, digests: [] }));

  test.each([
    [401, "denied", undefined],
    [403, "denied", undefined],
    [429, "throttled", 3000],
    [500, "unreachable", 3000],
    [400, "invalid", undefined],
  ] as const)("HTTP %i is %s", async (status, trouble, retryAfter) => {
    nock(server)
      .get(helmReleases)
      .query(true)
      .reply(status, { kind: "Status", message: "the server's words" }, { "retry-after": "3" });
    const error = await read();
    expect(error).toMatchObject({ service: "kubernetes", trouble, effect: "none", retryAfter });
    expect(error.message).toBe("Listing helmreleases: the server's words");
  });

  test("a gateway's sign-in page is no answer of the cluster, and passes", async () => {
    nock(server).get(helmReleases).query(true).reply(203, "<html>Please sign in</html>");
    expect(await read()).toMatchObject({
      trouble: "unreachable",
      effect: "none",
      message: "Listing helmreleases: no usable answer",
    });
  });

  test("a lost connection is unreachable", async () => {
    nock(server)
      .get(helmReleases)
      .query(true)
      .replyWithError(Object.assign(new Error("x"), { code: "ECONNREFUSED" }));
    expect(await read()).toMatchObject({
      trouble: "unreachable",
      effect: "none",
      message: "Listing helmreleases: connection refused",
    });
  });

  test("no answer in time is unreachable", async () => {
    const silent = new StandIn("kubernetes");
    silent.faults.push({ path: ".", times: 1, hang: true });
    const kubeConfig = kubeConfigFor(await silent.listen());
    const cluster = createCluster({
      kubeConfig,
      environment: environment(),
      clock: { now: () => now },
      patience: 50,
    });
    expect(await troubleOf(cluster.readRollout({ ...wanted, digests: [] }))).toMatchObject({
      trouble: "unreachable",
      effect: "none",
      message: "Listing helmreleases: no answer in time",
    });
    await silent.close();
  });

  test("an answer of an unknown form is not believed", async () => {
    nock(server)
      .get(helmReleases)
      .query(true)
      .reply(200, { items: [{ metadata: { name: 1 } }] });
    expect(await read()).toMatchObject({
      trouble: "unreachable",
      message: "Reading helmreleases: an answer of an unknown form",
    });
  });

  test("P13 neither the token nor a header is in the error", async () => {
    nock(server)
      .get(helmReleases)
      .query(true)
      .reply(500, "Bearer cluster-token", { "x-secret": "cluster-token" });
    expect((await read()).message).toBe("Listing helmreleases: HTTP 500");
  });
});
