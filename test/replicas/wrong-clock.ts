/** Makes the clock of this process, as every module reads it, wrong by so many milliseconds; the flow of time stays. */
export function setClockWrong(by: number): { readonly set: (by: number) => void } {
  const RealDate = Date;
  let wrong = by;
  const now = () => RealDate.now() + wrong;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, given: readonly unknown[], type) =>
      Reflect.construct(target, given.length === 0 ? [now()] : given, type) as Date,
    apply: () => new RealDate(now()).toString(),
    get: (target, name) => (name === "now" ? now : (Reflect.get(target, name) as unknown)),
  });
  return { set: (next) => void (wrong = next) };
}
