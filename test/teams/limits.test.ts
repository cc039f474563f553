import { createLimits } from "../../src/teams/limits.ts";

const channel = "19:deployments@thread.tacv2";

function limits() {
  const clock = { time: 1_000_000, now: () => clock.time };
  return { clock, paceOf: createLimits(clock) };
}

test("a person may say twenty things at once, is told once that this is too much, and then goes on at a pace", () => {
  const { clock, paceOf } = limits();
  const paces = Array.from({ length: 24 }, () => paceOf("alex", channel));
  expect(paces.filter((pace) => pace === "fine")).toHaveLength(20);
  expect(paces.slice(20)).toEqual(["tell", "drop", "drop", "drop"]);
  clock.time += 2000;
  expect(paceOf("alex", channel)).toBe("fine");
  expect(paceOf("alex", channel)).toBe("tell");
});

test("a channel has its limit too, which one person alone does not use up", () => {
  const { paceOf } = limits();
  for (let n = 0; n < 500; n += 1) paceOf("alex", channel);
  const people = Array.from({ length: 81 }, (_, n) => paceOf(`person ${n}`, channel));
  expect(people.slice(0, 80)).toEqual(Array.from({ length: 80 }, () => "fine"));
  expect(people[80]).toBe("tell");
  expect(paceOf("megan", "19:other@thread.tacv2")).toBe("fine");
});
