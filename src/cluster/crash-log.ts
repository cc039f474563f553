import type { Excerpt } from "../deployment/deployment.ts";
import type { Kubernetes } from "./kubernetes.ts";
import type { Pod } from "./objects.ts";

/** The most that an excerpt holds: lines, characters of one line, and bytes together. */
const limits = { lines: 20, line: 240, bytes: 4096 };
/** The server cuts a tail at its end, so more is asked for than is kept. */
const fetched = 16 * 1024;
// oxlint-disable-next-line no-control-regex -- colours and control characters are exactly what must go
const control = /\u001B\[[0-9;?]*[A-Za-z]|[\u0000-\u0008\u000B-\u001F\u007F]/g;

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
  const request = { namespace, pod: name, container, lines: limits.lines, bytes: fetched };
  for (const run of [previous, !previous]) {
    const log = await kubernetes.readLog({ ...request, previous: run }).catch(() => "");
    const lines = tailOf(log);
    if (lines.length > 0) return { title: `Log of ${container} in ${name}`, lines };
  }
  return undefined;
}

/** The last lines that say something, within limits. */
export function tailOf(log: string): readonly string[] {
  const lines = log
    .split(/\r?\n/)
    .map((line) => line.replaceAll(control, "").trimEnd())
    .filter((line) => line !== "")
    .map((line) => (line.length > limits.line ? `${line.slice(0, limits.line - 1)}…` : line))
    .slice(-limits.lines);
  let bytes = 0;
  const over = lines.findLastIndex((line) => (bytes += Buffer.byteLength(line) + 1) > limits.bytes);
  return lines.slice(over + 1);
}
