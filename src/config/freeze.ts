import { Temporal } from "temporal-polyfill";
import type { FreezeWindow, WeekTime } from "./config.ts";

export const weekdays = [
  "mon",
  "tue",
  "wed",
  "thu",
  "fri",
  "sat",
  "sun",
] as const satisfies WeekTime["day"][];

/** Why nobody deploys now, and when that ends (ms since 1970). */
export interface Freeze {
  readonly reason: string;
  readonly until: number;
}

/** Several windows may follow one another; more than this many make a configuration that never opens. */
const mostInARow = 50;

/** The freeze at this moment; it ends when every window that joins on has ended. Undefined outside. */
export function freezeAt(
  windows: readonly FreezeWindow[],
  timeZone: string,
  now: number,
): Freeze | undefined {
  let freeze: Freeze | undefined;
  let at = now;
  for (let joined = 0; joined < mostInARow; joined += 1) {
    const [longest] = windows
      .flatMap((window) => endOf(window, timeZone, at) ?? [])
      .toSorted((one, other) => other.until - one.until);
    if (longest === undefined) break;
    freeze = { reason: freeze?.reason ?? longest.reason, until: longest.until };
    at = longest.until;
  }
  return freeze;
}

function endOf(window: FreezeWindow, timeZone: string, now: number): Freeze | undefined {
  const local = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone);
  const [from, until] =
    window.kind === "dated" ? datesOf(window, timeZone) : thisWeek(window, local);
  const within = from.epochMilliseconds <= now && now < until.epochMilliseconds;
  return within ? { reason: window.reason, until: until.epochMilliseconds } : undefined;
}

type Window<Kind extends FreezeWindow["kind"]> = Extract<FreezeWindow, { readonly kind: Kind }>;
type Span = readonly [from: Temporal.ZonedDateTime, until: Temporal.ZonedDateTime];

function datesOf({ from, until }: Window<"dated">, timeZone: string): Span {
  const at = (text: string) => Temporal.PlainDateTime.from(text).toZonedDateTime(timeZone);
  return [at(from), at(until)];
}

/** The window that began last, counted from now. */
function thisWeek({ from, until }: Window<"weekly">, now: Temporal.ZonedDateTime): Span {
  const monday = now.startOfDay().subtract({ days: now.dayOfWeek - 1 });
  const at = (week: Temporal.ZonedDateTime, { day, time }: WeekTime) =>
    week.add({ days: weekdays.indexOf(day) }).withPlainTime(time);
  const begins = at(monday, from);
  const week =
    Temporal.ZonedDateTime.compare(begins, now) <= 0 ? monday : monday.subtract({ days: 7 });
  const start = at(week, from);
  const end = at(week, until);
  return [start, Temporal.ZonedDateTime.compare(end, start) > 0 ? end : end.add({ days: 7 })];
}

/** Whether a text is a date with a time, such as 2026-12-19 18:00. */
export function isLocalTime(text: string): boolean {
  try {
    Temporal.PlainDateTime.from(text);
    return /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}$/.test(text);
  } catch {
    return false;
  }
}
