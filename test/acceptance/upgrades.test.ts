import { z } from "zod";
import { alex, megan } from "../../sandbox/people.ts";
import { openDatabase } from "../../src/store/database.ts";
import { newLedger } from "../crash/place.ts";
import { readLedger, type Store, type Witness } from "../crash/witness.ts";
import { keptSchemas, layLedger, rowsIn, type Built } from "../upgrades/copy.ts";
import { watchFacts } from "../upgrades/facts.ts";
import { phases, type Phase } from "../upgrades/phases.ts";
import { changesOf } from "./git.ts";
import { patience, startStory, stopStories, type Story } from "./harness.ts";

/**
 * Ledgers of earlier versions (test/upgrades/ledgers) are put into a world that fits them, and this version goes on there. A
 * few of the oldest are tested in every run; all of them, on both databases, by `npm run test:upgrades`.
 */
const all = process.env["OMNIBOT_UPGRADES"] === "all";
const stores: readonly Store[] = all ? ["sqlite", "postgres"] : ["sqlite"];
const schemas = all ? keptSchemas() : keptSchemas().slice(0, 1);
const few = new Set(["waiting-for-approval", "merge-unanswered", "failed"]);
const chosen = phases.filter(({ name }) => all || few.has(name));

/** From the start to the end of a deployment, in milliseconds: a doubt lasts a minute. */
const longest = 100_000;
/** How long ago a ledger was left, in milliseconds. On PostgreSQL nobody but time ends the lease of whoever left it. */
const ages: Readonly<Record<Store, number>> = { sqlite: 500, postgres: 35_000 };

afterAll(stopStories);

describe.each(schemas)("a ledger of schema %s", (schema) => {
  describe.each(stores)("on %s", (store) => {
    test.concurrent.each(chosen)(
      "P18 left when $words is carried on to the right end",
      async (phase) => {
        expect(await carryOn(phase, schema, store, "by-itself")).toBe(phase.ends);
      },
      patience + longest,
    );

    // What an earlier version still writes while this one replaces it.
    test.concurrent.each(phases.filter(({ name }) => name === "run-unanswered"))(
      "P18 written when this version had brought it forward already, when $words, is carried on to the right end",
      async (phase) => {
        expect(await carryOn(phase, schema, store, "to-the-end")).toBe(phase.ends);
      },
      patience + longest,
    );
  });
});

test.concurrent(
  "P18 P16 a step that only another version knows: the thread says so, until when, and in the end what to do",
  async () => {
    const story = await startStory();
    const building = phases.find(({ name }) => name === "building");
    await building?.reach(story);
    await story.kill();
    await writeUnknownStep(story.ledger, "scan-image");
    heal(story);
    await story.restart();
    await story.waitFor(
      /knows no step "scan-image"\. Waits for one that does, for 1 min at most\./,
    );
    await story.waitFor("@Alex Wilber");
    expect(story.threadText()).toContain("This version of omnibot does not know how to go on.");
    expect(story.threadText()).toContain("Another version began this.");
    // The environment is free again.
    await story.request(alex, "deploy production");
  },
  patience,
);

/** The folder of an earlier version's sources, with its dependencies: a checkout of its commit. */
const earlier = process.env["OMNIBOT_EARLIER"];

(earlier === undefined ? describe.skip : describe)("beside an earlier version", () => {
  test(
    "P18 P19 on one PostgreSQL while it is replaced: deployments go on, whoever looks at them, one of everything",
    async () => {
      const database = await newLedger("postgres", "", "beside");
      const beside = await startStory({ source: earlier, environment: database.environment });
      const { azureDevOps } = beside.world;
      const deploys = async (meanwhile: () => Promise<void>) => {
        const before = azureDevOps.runs.length;
        await beside.request(alex, "deploy production");
        azureDevOps.standIn.faults.push({ path: "/builds/\\d+$", times: 2, delay: 3000 });
        await beside.click(megan, "approve");
        await beside.until("the run", () => azureDevOps.runs.length > before);
        await meanwhile();
        await beside.waitFor(/@Alex Wilber production-\d+ is live/, longest);
        expect(azureDevOps.runs).toHaveLength(before + 1);
        expect(beside.cards()).toHaveLength(1);
      };
      // The newer one starts in the middle of a deployment, works beside the other, and is all that is left in the end.
      await deploys(() => beside.startReplica());
      await deploys(() => Promise.resolve());
      await deploys(() => beside.upgrade());
      await deploys(() => Promise.resolve());
      expect(changesOf(beside.world)).toEqual({ branches: 4, pullRequests: 4, merges: 4 });
      await beside.stop();
      await database.remove();
    },
    4 * patience,
  );
});

/** As a newer version would have left it ten minutes ago, but for a few seconds. */
async function writeUnknownStep(file: string, step: string): Promise<void> {
  const { db } = openDatabase({ file });
  const row = await db.selectFrom("deployment").selectAll().executeTakeFirstOrThrow();
  const { progress, ...rest } = storyColumn.parse(JSON.parse(row.story));
  const at = progress.findIndex(({ state }) => state === "running");
  const unknown = { step, title: "Scan", state: "running", startedAt: row.next_at };
  const since = Date.now() - 10 * 60_000 + 15_000;
  await db
    .updateTable("deployment")
    .set({
      step,
      story: JSON.stringify({ ...rest, progress: progress.toSpliced(at, 0, unknown) }),
      trouble: JSON.stringify({ kind: "stranger", since, count: 9, message: "" }),
    })
    .execute();
  await db.destroy();
}

const storyColumn = z.looseObject({
  progress: z.array(z.looseObject({ state: z.string() })),
});

/** Returns how it ended. */
async function carryOn(phase: Phase, schema: string, store: Store, built: Built): Promise<string> {
  const kept = { schema, phase: phase.name };
  const name = `${schema}-${phase.name}-${built}`;
  const database = store === "postgres" ? await newLedger(store, "", name) : undefined;
  const story = await startStory({
    ...phase.options,
    ...(database === undefined ? {} : { environment: database.environment }),
  });
  const location = database?.location ?? { file: story.ledger };

  // This version makes the world as it was when the other one was left; its own ledger is thrown away.
  const factsOf = watchFacts(story);
  await phase.reach(story);
  await story.kill();
  const key = await keyOf(story, readLedger(location));
  const rows = rowsIn(kept, factsOf(key), ages[store]);
  await layLedger(location, kept, rows, built);
  heal(story);

  const thread = story.thread();
  const before = story.teams.counts().posts;
  await story.restart();
  const witness = readLedger(location);
  if (phase.final === true) await staysAsItWas(story, before);
  else await becomesLive(story, phase);
  const [deployment] = await witness.deployments(thread);
  await goesOnFrom(rows, witness);
  await witness.close();
  await story.stop();
  await database?.remove();
  return deployment?.state ?? "gone";
}

async function keyOf(story: Story, witness: Witness): Promise<string> {
  const [made] = await witness.deployments(story.thread());
  await witness.close();
  if (made === undefined) throw new Error("there is no deployment to take the place of");
  return made.key;
}

function heal({ world }: Story): void {
  const places = [
    world.azureDevOps.standIn,
    world.github,
    world.kubernetes.standIn,
    world.app.standIn,
  ];
  for (const { faults } of places) faults.length = 0;
}

async function becomesLive(story: Story, phase: Phase): Promise<void> {
  if (phase.undecided === true) await story.click(megan, "approve");
  await story.waitFor("@Alex Wilber production-40672 is live", longest);
  expect(story.world.azureDevOps.runs).toHaveLength(1);
  expect(changesOf(story.world)).toEqual({ branches: 1, pullRequests: 1, merges: 1 });
  const said = story.teams.thread(story.thread()).filter((post) => post.fromBot);
  expect(story.cards()).toHaveLength(1);
  // The card, who approved, and how it ended.
  expect(said).toHaveLength(3);
}

/** What has ended is left alone: nothing is said again, and the next one may be asked for. */
async function staysAsItWas(story: Story, posts: number): Promise<void> {
  const thread = story.thread();
  expect(await story.ask(alex, "status production")).toContain("production");
  expect(story.teams.counts().posts).toBe(posts + 1);
  await story.request(alex, "deploy production");
  expect(story.thread()).not.toBe(thread);
}

/** The audit trail holds what it held, and goes on from there; nothing is done a second time. */
async function goesOnFrom(rows: string, witness: Witness): Promise<void> {
  const actions = (await witness.audit(1)).map(({ action }) => action);
  const entries = /^insert into audit .*? values \(\d+, \d+, 1, '[^']*', '[^']*', '([^']*)'/gm;
  const kept = [...rows.matchAll(entries)].map(([, action]) => action);
  expect(kept[0]).toBe("requested");
  expect(actions.slice(0, kept.length)).toEqual(kept);
  const done = actions.filter((action) => action.startsWith("done:"));
  expect(done).toEqual([...new Set(done)]);
}
