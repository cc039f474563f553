import { setTimeout as delay } from "node:timers/promises";
import { StandIn } from "../../sandbox/stand-in.ts";
import { createKubernetes } from "../../src/cluster/kubernetes.ts";
import { watchTarget, type WatchTimes } from "../../src/cluster/watch.ts";
import { kubeConfigFor } from "./environment.ts";

const path = "/apis/apps/v1/namespaces/omnispatial/deployments";
const target = {
  resource: { group: "apps", version: "v1", plural: "deployments" },
  namespace: "omnispatial",
  labels: "app=web",
};
const times: WatchTimes = { silence: 500, shortestWait: 5, longestWait: 20, between: 5 };

interface Asked {
  readonly watch: boolean;
  readonly version: string | null;
  readonly bookmarks: string | null;
}

let api: StandIn;
let asked: Asked[];
let stopping: AbortController;
let watching: Promise<void>;

afterEach(async () => {
  stopping.abort();
  await watching;
  await api.close();
});

/** Serves a list at version 10, and each watch by the next of these answers (the last one again and again). */
async function start(...answers: readonly (readonly object[] | number)[]): Promise<() => number> {
  api = new StandIn("kubernetes");
  asked = [];
  stopping = new AbortController();
  let watches = 0;
  api.route("GET", path, ({ query }) => {
    const watch = query.get("watch") === "true";
    asked.push({
      watch,
      version: query.get("resourceVersion"),
      bookmarks: query.get("allowWatchBookmarks"),
    });
    if (!watch) return { status: 200, json: { metadata: { resourceVersion: "10" }, items: [] } };
    const answer = answers[Math.min(watches, answers.length - 1)] ?? [];
    watches += 1;
    if (typeof answer === "number") return { status: answer, json: { kind: "Status" } };
    return {
      status: 200,
      stream: async (response, closed) => {
        response.flushHeaders();
        for (const event of answer) response.write(`${JSON.stringify(event)}\n`);
        await delay(5000, undefined, { signal: closed }).catch(() => {});
      },
    };
  });
  const kubeConfig = kubeConfigFor(await api.listen());
  const access = { kubeConfig, kubernetes: createKubernetes(kubeConfig) };
  let hints = 0;
  const changed = () => {
    hints += 1;
  };
  watching = watchTarget(access, target, changed, stopping.signal, times);
  return () => hints;
}

async function until(holds: () => boolean): Promise<void> {
  for (let looks = 0; !holds(); looks += 1) {
    if (looks > 400) throw new Error(`it never came to: ${holds.toString()}`);
    await delay(5);
  }
}

const event = (type: string, resourceVersion: string) => ({
  type,
  object: { metadata: { resourceVersion } },
});
const watches = () => asked.filter((one) => one.watch);

test("lists, watches from there with bookmarks, and hints at changes but not at bookmarks", async () => {
  const hints = await start([event("BOOKMARK", "11"), event("MODIFIED", "12")]);
  await until(() => hints() === 2);
  expect(asked.slice(0, 2)).toEqual([
    { watch: false, version: null, bookmarks: null },
    { watch: true, version: "10", bookmarks: "true" },
  ]);
});

test("a watch that falls silent is begun again where it was", async () => {
  await start([event("BOOKMARK", "11")], []);
  await until(() => watches().length === 2);
  expect(watches()[1]?.version).toBe("11");
});

test.each([
  ["as an event", [{ type: "ERROR", object: { code: 410 } }]],
  ["as a status", 410],
])("too old a version, told %s, begins with the list again", async (_, answer) => {
  const hints = await start(answer, []);
  await until(() => watches().length === 2);
  expect(asked.map((one) => one.watch)).toEqual([false, true, false, true]);
  expect(hints()).toBe(2);
});

test("errors are waited out, ever longer, and never end the watch", async () => {
  const hints = await start(503, 403, [event("MODIFIED", "12")]);
  await until(() => hints() === 2);
  expect(watches()).toHaveLength(3);
});

test("a stop closes everything at once", async () => {
  await start([]);
  await until(() => watches().length === 1);
  stopping.abort();
  await watching;
  expect(stopping.signal.aborted).toBe(true);
});
