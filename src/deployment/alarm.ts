/** A sleep that can be cut short; a ring while nobody sleeps cuts the next sleep short. */
export interface Alarm {
  readonly ring: () => void;
  /** Until so many milliseconds have passed, or somebody rings. */
  readonly sleep: (time: number) => Promise<void>;
}

export function createAlarm(): Alarm {
  let rung = false;
  let wakeUp: (() => void) | undefined;
  function ring(): void {
    rung = true;
    wakeUp?.();
  }
  async function sleep(time: number): Promise<void> {
    if (!rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, time);
        wakeUp = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    rung = false;
    wakeUp = undefined;
  }
  return { ring, sleep };
}
