import { Client } from "pg";
import { postText } from "../../sandbox/bot-connector/threads.ts";
import { alex, diego, megan } from "../../sandbox/people.ts";
import { changesOf, releaseFile } from "./git.ts";
import { patience, startStory, stopStories } from "./harness.ts";

/** Where a server is given (`node test/with-postgres.ts npm test`), each story has a database of its own there. */
const server = process.env["OMNIBOT_TEST_POSTGRES"];

(server === undefined ? describe.skip : describe)("two replicas on one PostgreSQL", () => {
  const database = `omnibot_story_${process.pid}`;
  const url = new URL(`/${database}`, server ?? "postgres://nowhere").href;

  beforeEach(() => ask(`create database ${database}`));

  afterEach(async () => {
    await stopStories();
    await ask(`drop database ${database} with (force)`);
  });

  test(
    "P19 behave as one: each message and each effect once, and when one dies the other goes on",
    async () => {
      const story = await startStory({ environment: { DATABASE_URL: url } });
      await story.startReplica();
      const { azureDevOps } = story.world;
      await story.request(alex, "deploy production");
      // Whoever starts the run will not hear of it; the one that Teams talks to dies.
      const fault = { method: "POST", path: "/runs$", times: 1, hang: "after" as const };
      azureDevOps.standIn.faults.push(fault);
      await story.click(megan, "approve");
      await story.until("the run", () => azureDevOps.runs.length === 1);
      await story.kill();

      await story.waitFor("@Alex Wilber production-40672 is live", 75_000);
      expect(azureDevOps.runs).toHaveLength(1);
      expect(changesOf(story.world)).toEqual({ branches: 1, pullRequests: 1, merges: 1 });
      expect(story.cards()).toHaveLength(1);
      expect(story.teams.counts().posts).toBeLessThanOrEqual(4);
    },
    patience,
  );
});

(server === undefined ? describe.skip : describe)("two replicas that watch one file", () => {
  const database = `omnibot_watch_${process.pid}`;
  const url = new URL(`/${database}`, server ?? "postgres://nowhere").href;

  beforeEach(() => ask(`create database ${database}`));

  afterEach(async () => {
    await stopStories();
    await ask(`drop database ${database} with (force)`);
  });

  test(
    "P17 P19 tell a change by hand once, and when one dies the other notices the next",
    async () => {
      const production = { gitops: { poll: "1s" } };
      const story = await startStory({ environment: { DATABASE_URL: url }, production });
      await story.startReplica();
      await story.ask(alex, "status");
      const own = () => story.teams.posts().filter((post) => post.threadId.endsWith(`=${post.id}`));
      const told = (wanted: string) => () =>
        own().filter((post) => post.fromBot && postText(post).includes(wanted)).length === 1;
      const setTag = (tag: string) =>
        story.world.github.pushCommit({
          path: releaseFile,
          edit: (text) => text.replace(/production-\d+/, tag),
          message: "By hand",
          author: diego,
        });
      // The first look is where the watch begins.
      const looks = () => story.world.github.journal.filter(({ path }) => /per_page=30/.test(path));
      await story.until("two looks", () => looks().length > 1);
      await setTag("production-40641");
      await story.until("the first", told("production-40641 is live, put there by hand"));
      await story.kill();
      await setTag("production-40612");
      await story.until("the second", told("production-40612 is live, put there by hand"), 60_000);
      expect(own().filter((post) => post.fromBot)).toHaveLength(2);
    },
    patience,
  );
});

describe("two processes on one SQLite file", () => {
  afterEach(stopStories);

  test(
    "P19 the second waits for the first to end, however that ends, and goes on with its work at once",
    async () => {
      const story = await startStory({ speed: 60 });
      const { azureDevOps } = story.world;
      const started = () => story.log().split("omnibot is ready").length - 1;
      const second = story.startReplica();
      await story.until("the second to wait", () => story.log().includes("waits for the process"));
      const fault = { method: "POST", path: "/runs$", times: 1, hang: "after" as const };
      azureDevOps.standIn.faults.push(fault);
      await story.request(alex, "deploy production");
      await story.click(megan, "approve");
      await story.until("the run", () => azureDevOps.runs.length === 1);
      expect(started()).toBe(1);

      await story.kill();
      await second;
      expect(started()).toBe(2);
      await story.waitFor("@Alex Wilber production-40672 is live");
      expect(azureDevOps.runs).toHaveLength(1);
      expect(changesOf(story.world)).toEqual({ branches: 1, pullRequests: 1, merges: 1 });
      expect(story.cards()).toHaveLength(1);
    },
    patience,
  );
});

async function ask(statement: string): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  await client.query(statement);
  await client.end();
}
