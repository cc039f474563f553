import { Client } from "pg";
import { alex, megan } from "../../sandbox/people.ts";
import { newLedger } from "../crash/place.ts";
import { changesOf } from "./git.ts";
import { countAtEnd, oneOfEverything } from "./kill.ts";
import { patience, startStory, stopStories } from "./harness.ts";

const hour = 60 * 60_000;

/** The environment of a start at which the machine's clock is wrong by so many milliseconds. */
function skewed(by: number): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: "--import ./test/acceptance/skewed.ts", CLOCK_SKEW: String(by) };
}

// Side by side, each in a world of its own: most of the time is waiting.
afterAll(stopStories);

test.concurrent(
  "P5 a clock that was set forward between two starts is no proof that a run was not started: one of everything",
  async () => {
    const story = await startStory({ listLag: 6000 });
    const { azureDevOps } = story.world;
    await story.request(alex, "deploy production");
    azureDevOps.standIn.faults.push({ method: "POST", path: "/runs$", times: 1, hang: "after" });
    await story.click(megan, "approve");
    await story.until("the run", () => azureDevOps.runs.length === 1);
    await story.kill();
    await story.restart(skewed(hour));
    expect(await countAtEnd(story)).toEqual(oneOfEverything);
  },
  patience,
);

test.concurrent(
  "P4 a clock that was set back between two starts keeps nothing waiting: one of everything",
  async () => {
    const story = await startStory();
    const { github, kubernetes } = story.world;
    await story.request(alex, "deploy production");
    const merge = { method: "PUT", path: "/merge-async$", times: 1, hang: true };
    github.faults.push(merge);
    await story.click(megan, "approve");
    await story.until("the merge", () => merge.times === 0);
    await story.kill();
    const pods = { method: "GET", path: "/namespaces/omnispatial/pods", times: 1, hang: true };
    kubernetes.standIn.faults.push(pods);
    await story.restart(skewed(-hour));
    await story.until("the pods to be looked at", () => pods.times === 0);
    await story.kill();
    await story.restart(skewed(-5 * hour));
    expect(await countAtEnd(story)).toEqual(oneOfEverything);
  },
  patience,
);

const server = process.env["OMNIBOT_TEST_POSTGRES"];

(server === undefined ? describe.skip : describe)("on PostgreSQL", () => {
  test(
    "P19 the database's clock is set an hour forward, and an hour back, while a deployment is under way: it goes on",
    async () => {
      const database = await newLedger("postgres", "", "clock");
      const { DATABASE_URL: url = "" } = database.environment;
      const client = new Client({ connectionString: url });
      await client.connect();
      // What omnibot asks for the time is answered by this one: the schema comes before PostgreSQL's own.
      await client.query(`create schema wrong; create table wrong.clock (by interval);
      insert into wrong.clock values ('0');
      create function wrong.clock_timestamp() returns timestamptz language sql as
        'select pg_catalog.clock_timestamp() + by from wrong.clock'`);
      const set = (by: string) => client.query("update wrong.clock set by = $1", [by]);
      const path = encodeURIComponent("-c search_path=wrong,public,pg_catalog");
      const story = await startStory({
        production: { approval: { expires: "4h" } },
        environment: { DATABASE_URL: `${url}?options=${path}` },
      });
      const jumps = () => story.log().split("clock has jumped").length - 1;
      await story.request(alex, "deploy production");
      await set("1 hour");
      await story.until("the jump to be seen", () => jumps() === 1);
      const { azureDevOps } = story.world;
      const run = { method: "GET", path: "/builds/40672$", times: 1, delay: 12_000 };
      azureDevOps.standIn.faults.push(run);
      await story.click(megan, "approve");
      await story.until("the run to be followed", () => run.times === 0);
      await set("0");
      await story.until("the jump back to be seen", () => jumps() === 2);
      await story.waitFor("@Alex Wilber production-40672 is live");
      expect(azureDevOps.runs).toHaveLength(1);
      expect(changesOf(story.world)).toEqual({ branches: 1, pullRequests: 1, merges: 1 });
      expect(story.cards()).toHaveLength(1);
      await story.stop();
      await client.end();
      await database.remove();
    },
    patience,
  );
});
