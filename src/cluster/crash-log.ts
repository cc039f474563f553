import type { Excerpt } from "../deployment/deployment.ts";
import { tailOf } from "../deployment/words.ts";
import type { Kubernetes } from "./kubernetes.ts";
import type { Pod } from "./objects.ts";

/** The most that an excerpt holds, in bytes. */
const mostBytes = 4096;
/** The server cuts a tail at its end, so more is asked for than is kept: lines, bytes. */
const fetched = { lines: 40, bytes: 16 * 1024 };

/** The last words of a container that crashed, from the run that crashed; undefined where there are none to read. */
export async function readCrashLog(
  kubernetes: Kubernetes,
  { pod, container }: { readonly pod: Pod; readonly container: string },
): Promise<Excerpt | undefined> {
  const { name, namespace = "default" } = pod.metadata;
  const status = [...pod.status.initContainerStatuses, ...pod.status.containerStatuses].find(
    (one) => one.name === container,
  );
  // While it waits, its last run is the previous one only if it has been restarted meanwhile.
  const previous = status?.state.terminated === undefined || status.state.terminated === null;
  const request = { namespace, pod: name, container, ...fetched };
  for (const run of [previous, !previous]) {
    const log = await kubernetes.readLog({ ...request, previous: run }).catch(() => "");
    const lines = tailOf(log, mostBytes);
    if (lines.length > 0) return { title: `Log of ${container} in ${name}`, lines };
  }
  return undefined;
}
