import { readCrashLog } from "../../src/cluster/explain.ts";
import type { Kubernetes, LogRequest } from "../../src/cluster/kubernetes.ts";
import { pod } from "./rollout-states.ts";

function logs(answer: (request: LogRequest) => Promise<string>) {
  const asked: boolean[] = [];
  const never = () => Promise.reject(new Error("not asked for"));
  const kubernetes: Kubernetes = {
    get: never,
    list: never,
    pages: () => {
      throw new Error("nothing is listed here");
    },
    versionOf: () => Promise.reject(new Error("nothing is watched here")),
    annotate: never,
    readLog: (request) => {
      asked.push(request.previous);
      return answer(request);
    },
  };
  return { kubernetes, asked };
}

const crashed = pod("web-2-a", { web: { state: { waiting: { reason: "CrashLoopBackOff" } } } });

test("while the container waits, the run before is what crashed", async () => {
  const { kubernetes, asked } = logs(() => Promise.resolve("fatal: no settings\n"));
  expect(await readCrashLog(kubernetes, { pod: crashed, container: "web" })).toEqual({
    title: "Log of web in web-2-a",
    lines: ["fatal: no settings"],
  });
  expect(asked).toEqual([true]);
});

test("where that has none, the other run is asked; where both fail, there is no excerpt", async () => {
  const { kubernetes, asked } = logs(() => Promise.reject(new Error("gone")));
  expect(await readCrashLog(kubernetes, { pod: crashed, container: "web" })).toBeUndefined();
  expect(asked).toEqual([true, false]);
});
