const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A duration to the second: `48 s`, `6 min 12 s`, `1 h 5 min`, from a day on as `roughly`. */
export function duration(time: number): string {
  const whole = Math.max(0, Math.round(time / second)) * second;
  if (whole < minute) return `${whole / second} s`;
  if (whole < hour) return joined(whole, minute, "min", second, "s");
  if (whole < day) return joined(whole, hour, "h", minute, "min");
  return roughly(whole);
}

/** A duration as people say it: `a moment`, `5 min`, `2 h`, `3 days`. */
export function roughly(time: number): string {
  if (time < minute) return "a moment";
  if (time < hour) return `${Math.floor(time / minute)} min`;
  if (time < day) return `${Math.floor(time / hour)} h`;
  const days = Math.floor(time / day);
  return days === 1 ? "1 day" : `${days} days`;
}

function joined(
  time: number,
  big: number,
  bigWord: string,
  small: number,
  smallWord: string,
): string {
  const rest = Math.floor((time % big) / small);
  return `${Math.floor(time / big)} ${bigWord}${rest === 0 ? "" : ` ${rest} ${smallWord}`}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** A time of day in that IANA zone: `14:43`, with seconds `14:43:07`. */
export function timeOfDay(
  at: number,
  timeZone: string,
  precision: "minutes" | "seconds" = "minutes",
): string {
  const key = `${timeZone} ${precision}`;
  const known = formats.get(key);
  if (known !== undefined) return known.format(at);
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    ...(precision === "seconds" ? { second: "2-digit" } : {}),
  });
  formats.set(key, format);
  return format.format(at);
}

/** A moment: `14:43` today, `Mon 08:00` within a week, `Mon 4 Jan 08:00` within a year, else with its year. */
export function momentOf(at: number, now: number, timeZone: string): string {
  const dayOf = (time: number) => new Intl.DateTimeFormat("en-CA", { timeZone }).format(time);
  if (dayOf(at) === dayOf(now)) return timeOfDay(at, timeZone);
  const away = Math.abs(at - now);
  const date = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "short",
    ...(away < 6 * day ? {} : { day: "numeric", month: "short" }),
    ...(away < 300 * day ? {} : { year: "numeric" }),
  }).format(at);
  return `${date.replace(",", "")} ${timeOfDay(at, timeZone)}`;
}
