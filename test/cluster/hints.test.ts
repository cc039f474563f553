import { setTimeout as delay } from "node:timers/promises";
import { coalesce } from "../../src/cluster/watch.ts";

describe("Hints", () => {
  test("are passed on at once, and then at most one in so long", async () => {
    let count = 0;
    const hints = coalesce(
      () => (count += 1),
      () => 20,
    );
    for (let i = 0; i < 10; i += 1) hints.call();
    expect(count).toBe(1);
    await delay(50);
    expect(count).toBe(2);
    hints.stop();
    hints.call();
    expect(count).toBe(2);
  });

  test("that throw do no harm", () => {
    const hints = coalesce(
      () => {
        throw new Error("broken");
      },
      () => 1,
    );
    expect(hints.call).not.toThrow();
    hints.stop();
  });
});
