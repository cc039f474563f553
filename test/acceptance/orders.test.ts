import { adele, alex, diego, lee, megan } from "../../sandbox/people.ts";
import { patience, startStory, stopStories, type Story } from "./harness.ts";
import { sayOften, type Often } from "./often.ts";

/** Orders take effect at once: whatever Teams delivers again must find that they did. */
describe("P3 an order that is delivered again and again", () => {
  let story: Story;
  const said: Record<string, Often> = {};

  beforeAll(async () => {
    story = await startStory({ speed: 60 });
  }, patience);

  afterAll(stopStories);

  function actions(...wanted: readonly string[]): readonly string[] {
    return story.audit().flatMap(({ action }) => (wanted.includes(action) ? action : []));
  }

  /** The same message as a new one: Teams does that too. What omnibot answers to it. */
  async function asNew({ id, answers }: Often): Promise<string> {
    const before = answers().length;
    await story.teams.redeliver(id, "new-id");
    await story.until("another answer", () => answers().length > before);
    return answers().at(-1) ?? "";
  }

  test(
    "P6 a lock holds once; it does not come back after somebody released it, also after a restart",
    async () => {
      const lock = await sayOften(story, megan, "lock the map is wrong for 2h");
      expect(lock.answers()).toEqual([
        expect.stringMatching(/^production is locked, until .*: the map/),
      ]);
      expect(actions("locked")).toHaveLength(1);

      const unlock = await sayOften(story, adele, "unlock production");
      expect(unlock.answers()).toEqual([
        expect.stringContaining("The lock of Megan Bowen is released: the map is wrong"),
      ]);
      await story.shutDown();
      await story.restart();
      // Out of order, and late.
      for (const id of [unlock.id, lock.id, unlock.id, lock.id])
        expect(await story.teams.redeliver(id, "same-id")).toMatchObject({ status: 200 });
      expect(await asNew(unlock)).toContain("production is not locked");
      expect(actions("locked", "unlocked")).toEqual(["locked", "unlocked"]);
      expect([lock.answers().length, unlock.answers().length]).toEqual([1, 2]);
    },
    patience,
  );

  test("P6 of two locks at the same time one holds, and the other person is told whose", async () => {
    const [one, other] = await Promise.all([
      sayOften(story, megan, "lock production mine"),
      sayOften(story, lee, "lock production no, mine"),
    ]);
    const answers = [...one.answers(), ...other.answers()].toSorted();
    expect(answers).toEqual([
      expect.stringMatching(
        /^production is locked by (Megan Bowen|Lee Gu), just now: .*unlock production releases it/,
      ),
      expect.stringMatching(
        /^production is locked, with no end: .* Only (Megan Bowen|Lee Gu) deploys there/,
      ),
    ]);
    await story.ask(diego, "unlock");
  });

  test("a blocked build is blocked once, and stays released", async () => {
    const block = await sayOften(story, adele, "block 40641 Tiles are missing");
    expect(block.answers()).toEqual([
      expect.stringContaining("Build 40641 is blocked by Adele Vance"),
    ]);
    const unblock = await sayOften(story, lee, "unblock 40641");
    expect(unblock.answers()).toEqual([
      expect.stringContaining("Build 40641 may be deployed again"),
    ]);
    for (const id of [block.id, unblock.id, block.id]) await story.teams.redeliver(id, "same-id");
    expect(await asNew(unblock)).toContain("Build 40641 is not blocked");
    expect(actions("blocked", "unblocked")).toEqual(["blocked", "unblocked"]);
  });

  test(
    "P4 a cancel stops what it meant, and nothing that was asked for later, also after a restart",
    async () => {
      // Said too early, and refused: it must not stop what comes.
      said["early"] = await sayOften(story, alex, "cancel");
      expect(said["early"].answers()).toEqual([expect.stringContaining("Nothing is in work")]);

      await story.request(alex, "deploy production");
      const cancel = await sayOften(story, alex, "cancel");
      expect(cancel.answers()).toEqual([expect.stringContaining("omnibot stops #1")]);
      await story.waitFor("@Alex Wilber Alex Wilber canceled #1. Nothing was begun.");
      expect(actions("cancel", "canceled")).toEqual(["cancel", "canceled"]);

      await story.request(alex, "deploy production");
      await story.kill();
      await story.restart();
      for (const id of [cancel.id, said["early"].id, cancel.id])
        await story.teams.redeliver(id, "same-id");
      expect(await story.ask(lee, "status")).toContain("Waits for one approval");
      expect(actions("cancel", "canceled")).toEqual(["cancel", "canceled"]);
      expect([cancel, said["early"]].map((one) => one.answers().length)).toEqual([1, 1]);
      expect(story.buttons()).toContain("approve");
    },
    patience,
  );

  test("P12 what was refused is written down too, and somebody else's cancel is refused each time", async () => {
    const foreign = await sayOften(story, diego, "cancel #2");
    expect(foreign.answers()).toEqual([expect.stringMatching(/Who asked for #2 may cancel it/)]);
    expect(actions("refused:cancel").length).toBeGreaterThan(0);
    expect(story.buttons()).toContain("approve");
  });
});
