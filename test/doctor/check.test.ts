import { ServiceError } from "../../src/deployment/service-error.ts";
import { examine, failed, ok, warning, type Check } from "../../src/doctor/check.ts";
import { tableOf } from "../../src/doctor/table.ts";

const well = (id: string, more: Partial<Check> = {}): Check => ({
  id,
  about: `the ${id}`,
  find: () => ok("fine"),
  ...more,
});

function refused(trouble: ServiceError["trouble"]): () => Promise<never> {
  return () => Promise.reject(new ServiceError("github", trouble, "none", "it said no"));
}

describe("an examination", () => {
  test("tries everything, whatever becomes of the others", async () => {
    const results = await examine([
      well("first", { find: refused("denied") }),
      well("second", {
        find: () => {
          throw new TypeError("a bug");
        },
      }),
      well("third", { find: () => Promise.reject(new Error("token=abcdefgh12345 is wrong")) }),
      well("fourth"),
    ]);
    expect(results.map(({ state }) => state)).toEqual(["failed", "failed", "failed", "ok"]);
    expect(results[1]?.found).toBe("a bug");
    expect(results[2]?.found).toBe("token=(hidden) is wrong");
    for (const { state, remedy } of results) expect(remedy === undefined).toBe(state === "ok");
  });

  test("takes the remedy that fits what went wrong", async () => {
    const remedies = { denied: "Ask for the right.", unreachable: "Open the firewall." };
    const troubles = ["denied", "unreachable", "throttled", "invalid"] as const;
    const results = await examine(
      troubles.map((trouble) => well(trouble, { find: refused(trouble), remedies })),
    );
    expect(results.map(({ remedy }) => remedy)).toEqual([
      "Ask for the right.",
      "Open the firewall.",
      expect.stringContaining("Try again later"),
      expect.stringContaining("omnibot.yaml"),
    ]);
  });

  test("does not wait for what hangs, and does not try what builds upon it", async () => {
    const remedies = { unreachable: "Open the firewall." };
    const hanging = { find: () => new Promise<never>(() => {}), remedies };
    const results = await examine(
      [well("sea", hanging), well("ship", { needs: ["sea"] }), well("crew", { needs: ["ship"] })],
      20,
    );
    expect(results).toMatchObject([
      { state: "failed", found: "no answer in 0.02 seconds", remedy: "Open the firewall." },
      { state: "untried", found: "not tried: it needs the sea" },
      { state: "untried", found: "not tried: it needs the ship" },
    ]);
  });

  test("keeps environments apart: what fails in one is tried in the other", async () => {
    const of = (environment: string, find?: Check["find"]) => [
      well("pipeline", { environment, ...(find === undefined ? {} : { find }) }),
      well("run", { environment, needs: ["pipeline", "ledger"] }),
    ];
    const results = await examine([
      well("ledger", { find: () => warning("full soon", "Make room.") }),
      ...of("production"),
      ...of("staging", () => failed("gone", "Bring it back.")),
    ]);
    expect(results.map(({ environment, id, state }) => `${environment} ${id} ${state}`)).toEqual([
      "undefined ledger warning",
      "production pipeline ok",
      "production run ok",
      "staging pipeline failed",
      "staging run untried",
    ]);
  });

  test("is told as a table: each environment by itself, each remedy under what it is for", () => {
    const table = tableOf([
      { id: "a", about: "the ledger", state: "ok", found: "fine" },
      {
        id: "b",
        environment: "production",
        about: "the change",
        state: "failed",
        found: `${"many words ".repeat(12)}\n+ 27:       tag: x`,
        remedy: "Mend it.",
      },
      { id: "c", environment: "production", about: "a run", state: "untried", found: "not tried" },
    ]);
    const lines = table.split("\n");
    expect(lines.slice(0, 4)).toEqual(["omnibot itself", "  ✔ the ledger  fine", "", "production"]);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(118);
    // A line of a file keeps its indentation.
    expect(lines).toContain("                + 27:       tag: x");
    expect(lines).toContain("                → Mend it.");
    expect(lines.at(-2)).toBe("1 well, 1 failed, 1 not tried");
  });
});
