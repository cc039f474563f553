import { startApp, type App } from "../../../sandbox/app/app.ts";
import type { Kubernetes } from "../../../sandbox/kubernetes/kubernetes.ts";
import {
  createDeployment,
  isComplete,
  name,
  namespace,
  setTag,
  startCluster,
  until,
} from "../kubernetes/cluster.ts";

let cluster: Kubernetes;
let app: App;

beforeEach(async () => {
  cluster = await startCluster({
    "production-40655": "success",
    "production-40672": "success",
    "production-40674": "crash-loop",
  });
  app = await startApp({ kubernetes: cluster });
});

afterEach(async () => {
  await app.close();
  await cluster.close();
});

async function ask(): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${app.url}/healthz`);
  return { status: answer.status, body: await answer.json() };
}

test("nobody answers before there is a ready pod", async () => {
  expect((await ask()).status).toBe(503);
});

test("the newest ready pod tells its version", async () => {
  await createDeployment(cluster, "production-40655");
  expect(await ask()).toEqual({ status: 200, body: { status: "ok", version: "production-40655" } });
  setTag(cluster, "production-40672");
  await until(cluster, () => isComplete(cluster.store.get("deployments", namespace, name)));
  expect(await ask()).toEqual({ status: 200, body: { status: "ok", version: "production-40672" } });
});

test("the old pods go on answering while the new ones crash", async () => {
  await createDeployment(cluster, "production-40655");
  setTag(cluster, "production-40674");
  await until(cluster, () =>
    cluster.store.list("events").some(({ reason }) => reason === "BackOff"),
  );
  expect(await ask()).toEqual({ status: 200, body: { status: "ok", version: "production-40655" } });
});
