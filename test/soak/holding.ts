import { z } from "zod";

/** What omnibot holds at a moment: memory in bytes, after a collection, and how much is open. */
export const holding = z.object({
  /** Of the heap, and of what hangs on it. */
  heap: z.number(),
  rss: z.number(),
  descriptors: z.number(),
  sockets: z.number(),
  /** Timers, sockets, files and requests that keep the process alive. */
  handles: z.number(),
});
export type Holding = z.infer<typeof holding>;

/** How much more there may be late than early: a ratio, and what trembles anyway. */
export interface Bound {
  readonly name: keyof Holding;
  readonly unit: "MB" | "";
  readonly ratio: number;
  readonly slack: number;
}

const megabyte = 1024 * 1024;

export const bounds: readonly Bound[] = [
  { name: "heap", unit: "MB", ratio: 1.2, slack: 8 * megabyte },
  { name: "rss", unit: "MB", ratio: 1.3, slack: 32 * megabyte },
  { name: "descriptors", unit: "", ratio: 1.3, slack: 12 },
  { name: "sockets", unit: "", ratio: 1.3, slack: 12 },
  { name: "handles", unit: "", ratio: 1.3, slack: 20 },
];

export interface Line {
  readonly what: string;
  readonly early: number;
  readonly late: number;
  readonly most: number;
  readonly flat: boolean;
}

/** Compares the second fifth of the samples with the last: the first is warming up. Medians. */
export function compare(samples: readonly Holding[]): readonly Line[] {
  const fifth = Math.max(1, Math.floor(samples.length / 5));
  return bounds.map(({ name, unit, ratio, slack }) => {
    const of = (some: readonly Holding[]) => median(some.map((sample) => sample[name]));
    const [early, late] = [of(samples.slice(fifth, 2 * fifth)), of(samples.slice(-fifth))];
    const most = early * ratio + slack;
    const shown = (value: number) => (unit === "MB" ? Math.round(value / megabyte) : value);
    return {
      what: unit === "" ? name : `${name} (${unit})`,
      early: shown(early),
      late: shown(late),
      most: Math.round(shown(most)),
      flat: late <= most,
    };
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
