import type { Part, Table } from "../part.ts";
import { measureFlight } from "../scale/flight.ts";
import { measureHistory } from "../scale/history.ts";
import { measurePods } from "../scale/pods.ts";

/** How the cost of one deployment grows with all that is around it. */
export const scale: Part = {
  name: "scale",
  title: "deployments in flight, pods in the namespace, rows of history",
  async measure(run) {
    const flights = await measureFlight(run, run.short ? [1, 10] : [1, 10, 100, 1000]);
    const pods = await measurePods(run, run.short ? [10] : [10, 1000, 10_000]);
    const histories = await measureHistory(
      run,
      run.short ? [10, 1000] : [10, 1000, 10_000, 100_000],
    );

    const tables: readonly Table[] = [
      {
        title: "Deployments in flight, each of them building",
        columns: [
          "deployments",
          "CPU (ms a minute, each)",
          "calls a minute, each",
          "card edits a minute, each",
          "resident (MB)",
        ],
        rows: flights.map((one) => [one.count, one.cpu, one.calls, one.edits, one.memory]),
      },
      {
        title: "Pods of others in the namespace, one deployment",
        columns: ["pods", "CPU (ms)", "calls of Kubernetes", "KB from Kubernetes", "resident (MB)"],
        rows: pods.map((one) => [one.count, one.cpu, one.calls, one.received, one.memory]),
      },
      {
        title: "Deployments in the ledger (SQLite): what its queries take (ms, p50)",
        columns: ["rows", ...Object.keys(histories[0]?.times ?? {})],
        rows: histories.map(({ count, times }) => [count, ...Object.values(times)]),
      },
    ];
    const figures: Record<string, number> = {};
    for (const { count, cpu, calls, edits, memory } of flights) {
      figures[`${count} in flight: CPU (ms a minute, each)`] = cpu;
      figures[`${count} in flight: calls a minute, each`] = calls;
      figures[`${count} in flight: card edits a minute, each`] = edits;
      figures[`${count} in flight: resident (MB)`] = memory;
    }
    for (const { count, cpu, calls, received, memory } of pods) {
      figures[`${count} pods: CPU (ms)`] = cpu;
      figures[`${count} pods: calls of Kubernetes`] = calls;
      figures[`${count} pods: KB from Kubernetes`] = received;
      figures[`${count} pods: resident (MB)`] = memory;
    }
    for (const { count, times } of histories) {
      for (const [what, time] of Object.entries(times))
        figures[`${count} rows: ${what} (ms)`] = time;
    }
    const [few, many] = [flights.at(-2) ?? flights[0], flights.at(-1)];
    const slowest = Object.keys(histories[0]?.times ?? {}).map(
      (what) => (histories.at(-1)?.times[what] ?? 0) / (histories[0]?.times[what] ?? 1),
    );
    const goals = [
      {
        what: `CPU of a deployment, ${many?.count} in flight beside ${few?.count}`,
        found: (many?.cpu ?? Number.NaN) / (few?.cpu ?? Number.NaN),
        most: 1.2,
        unit: "times",
      },
      {
        what: "resident memory, the most in flight",
        found: many?.memory ?? Number.NaN,
        most: 250,
        unit: "MB",
      },
      {
        what: "the query that grows most from the shortest to the longest history",
        found: Math.max(...slowest),
        most: 3,
        unit: "times",
      },
    ];
    return { tables, figures, goals };
  },
};
