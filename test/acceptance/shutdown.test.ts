import { z } from "zod";
import { alex, megan } from "../../sandbox/people.ts";
import type { JournalEntry } from "../../sandbox/stand-in.ts";
import { openDatabase, type Location } from "../../src/store/database.ts";
import { newLedger } from "../crash/place.ts";
import type { Store } from "../crash/witness.ts";
import { changesOf } from "./git.ts";
import { countAtEnd, oneOfEverything } from "./kill.ts";
import { patience, startStory, stopStories, type Story } from "./harness.ts";

/** The platform gives a process ten seconds; a busy machine is given more here. Milliseconds. */
const longestEnd = 15_000;
/** From ready to the next thing that omnibot does: milliseconds; a busy machine is given half of a lease, which is not waited for. */
const longestPause = 15_000;

/** PostgreSQL where a server is given (`node test/with-postgres.ts npm test`). */
const stores: readonly Store[] =
  process.env["OMNIBOT_TEST_POSTGRES"] === undefined ? ["sqlite"] : ["sqlite", "postgres"];

// Side by side, each in a world of its own: most of the time is waiting.
afterAll(stopStories);

test.concurrent.each(stores)(
  "P4 ended while a neighbour does not answer, on %s, it hands over: gone in time, nothing held, and the next start goes on at once",
  async (store) => {
    const database = store === "postgres" ? await newLedger(store, "", "shutdown") : undefined;
    const story = await startStory({ environment: database?.environment ?? {} });
    const { azureDevOps } = story.world;
    await story.request(alex, "deploy production");
    // The run is started; whether it was, omnibot does not hear.
    azureDevOps.standIn.faults.push({ method: "POST", path: "/runs$", times: 1, hang: "after" });
    await story.click(megan, "approve");
    await story.until("the run", () => azureDevOps.runs.length === 1);

    const { took, code } = await end(story, ["SIGTERM"]);
    expect(code).toBe(0);
    expect(took).toBeLessThan(longestEnd);
    expect(await heldIn(database?.location ?? { file: story.ledger })).toEqual([]);

    const { journal } = azureDevOps.standIn;
    expect(await startsAndGoesOn(story, journal)).toBeLessThan(longestPause);
    await story.waitFor("@Alex Wilber production-40672 is live");
    expect(azureDevOps.runs).toHaveLength(1);
    expect(changesOf(story.world)).toEqual({ branches: 1, pullRequests: 1, merges: 1 });
    await story.stop();
    await database?.remove();
  },
  patience,
);

test.concurrent(
  "a second signal ends it at once, and it hands over all the same",
  async () => {
    const story = await startStory();
    const { github } = story.world;
    await story.request(alex, "deploy production");
    const fault = { method: "PUT", path: "/merge-async$", times: 1, hang: true };
    github.faults.push(fault);
    await story.click(megan, "approve");
    await story.until("the merge", () => fault.times === 0);

    const { code } = await end(story, ["SIGTERM", "SIGINT"], 1500);
    expect(code).toBe(0);
    expect(story.log()).toContain("omnibot is to stop at once");
    expect(story.log()).toContain("omnibot has stopped");
    expect(await heldIn({ file: story.ledger })).toEqual([]);
    await story.restart();
    expect(await countAtEnd(story)).toEqual(oneOfEverything);
  },
  patience,
);

test.concurrent(
  "two signals at the same moment are one wish, as npm and the terminal send them: what is under way is brought to its end",
  async () => {
    const story = await startStory();
    const { github } = story.world;
    await story.request(alex, "deploy production");
    const fault = { method: "POST", path: "/pulls$", times: 1, delay: 2000 };
    github.faults.push(fault);
    await story.click(megan, "approve");
    await story.until("the pull request to be on its way", () => fault.times === 0);

    expect((await end(story, ["SIGINT", "SIGINT"])).code).toBe(0);
    expect(story.log()).not.toContain("omnibot is to stop at once");
    expect(story.audit().map(({ action }) => action)).toContain("done:open-pull-request");
    await story.restart();
    expect(await countAtEnd(story)).toEqual(oneOfEverything);
  },
  patience,
);

test.concurrent(
  "ended while a message is read and a question is answered, it answers both; what was asked for is there at the next start",
  async () => {
    const story = await startStory();
    const { github } = story.world;
    const slow = { method: "GET", path: "/contents/", times: 1, delay: 1500 };
    github.faults.push(slow);
    const { threadId } = await story.teams.say(alex, "status production");
    await story.until("the status to be gathered", () => slow.times === 0);
    const roster = { method: "GET", path: "/members/", times: 1, delay: 1500 };
    story.teams.faults.push(roster);
    const saying = story.say(alex, "deploy production");
    await story.until("the roster to be asked", () => roster.times === 0);

    expect((await end(story, ["SIGTERM"])).code).toBe(0);
    expect((await saying).status).toBe(200);
    const answers = story.teams.thread(threadId).filter((post) => post.fromBot);
    expect(answers).toHaveLength(1);

    await story.restart();
    await story.until("the question", () => story.buttons().includes("approve"));
    await story.click(megan, "approve");
    expect(await countAtEnd(story)).toEqual(oneOfEverything);
  },
  patience,
);

/** Sends signals, so many milliseconds apart, and waits for the end: how it ended, and how long (ms) after the first. */
async function end(
  story: Story,
  signals: readonly NodeJS.Signals[],
  apart = 0,
): Promise<{ readonly took: number; readonly code: number | string }> {
  const { ended, signal } = story.omnibot();
  const before = performance.now();
  for (const [i, one] of signals.entries()) setTimeout(() => signal(one), i * apart);
  const code = await ended;
  const took = performance.now() - before;
  process.stdout.write(`${signals.join(" and ")}: ended after ${Math.round(took)} ms\n`);
  return { took, code };
}

/** Who holds a row, or a thread. */
async function heldIn(location: Location): Promise<readonly (string | null)[]> {
  const { db } = openDatabase(location);
  const rows = await db.selectFrom("deployment").select("lease_owner").execute();
  const threads = await db.selectFrom("thread").select("lease_owner").execute();
  await db.destroy();
  return [...rows, ...threads].map((row) => row.lease_owner).filter((owner) => owner !== null);
}

/** Starts omnibot again: how long it takes from being ready to its first request there, in milliseconds. */
async function startsAndGoesOn(story: Story, journal: readonly JournalEntry[]): Promise<number> {
  const before = journal.length;
  await story.restart();
  const lines = story.log().trimEnd().split("\n");
  const ready = lines.findLast((line) => line.includes("omnibot is ready")) ?? "";
  const { time } = z.object({ time: z.number() }).parse(JSON.parse(ready));
  await story.until("the first request", () => journal.length > before);
  const pause = Math.max(0, (journal[before]?.at ?? 0) - time);
  process.stdout.write(`went on ${pause} ms after it was ready\n`);
  return pause;
}
