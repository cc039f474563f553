/** How long (ms) the ledger may think: it answers in milliseconds, and Teams repeats a message after about 15 seconds. */
export const ledgerTime = 5000;

/** A promise that did not settle in time. What it stands for goes on; its outcome is unknown. */
class TooLate extends Error {
  constructor(what: string, time: number) {
    super(`${what} took longer than ${time} ms`);
    this.name = "TooLate";
  }
}

/** The promise's outcome, or TooLate after `time` milliseconds. */
export async function within<Value>(
  time: number,
  what: string,
  promise: Promise<Value>,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLate(what, time)), time);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
