/** A time that is left (ms) in whole minutes, rounded up: `2 min`; from two hours on in hours. */
export function atMost(time: number): string {
  const minutes = Math.max(1, Math.ceil(time / 60_000));
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}
