import { adele, alex, diego, lee, megan } from "../../sandbox/people.ts";
import { changesOf, git, releaseFile } from "./git.ts";
import { patience, shownTo, startStory, stopStories, type Story } from "./harness.ts";

describe("a rollback", () => {
  let story: Story;

  beforeAll(async () => {
    story = await startStory();
  }, patience);

  afterAll(stopStories);

  test("without a number is asked back, with the way to name one", async () => {
    const answer = await story.ask(alex, "rollback");
    expect(answer).toMatch(
      /Which build shall production go back to\?[^]*knows no earlier build[^]*rollback production 40655/,
    );
    expect(story.audit()).toEqual([]);
  });

  test(
    "to the live build says that it is live already",
    async () => {
      await story.say(alex, "rollback 40655");
      await story.waitFor("@Alex Wilber production-40655 is live already");
      expect(story.buttons()).toEqual([]);
    },
    patience,
  );

  test(
    "to an unknown build ends before anybody is asked to approve it",
    async () => {
      await story.say(alex, "rollback production 39999");
      await story.waitFor("@Alex Wilber Nothing was deployed to production");
      expect(story.threadText()).toContain("There is no such build");
      expect(story.textsOfCard().join("\n")).not.toContain("[Approve]");
    },
    patience,
  );

  test(
    "to an earlier build goes live without a build, and status tells the truth at each phase",
    async () => {
      const { world } = story;
      expect(await story.askForAll(adele, "status")).toMatch(
        /production is well\nGit wants production-40655[^]*3 of 3 ready on 40655[^]*web answers well/,
      );

      await story.request(alex, "rollback production 40641");
      expect(story.threadText()).toContain("Roll back production to 40641?");
      expect(await story.askForAll(adele, "status production")).toMatch(
        /a deployment is under way[^]*Rolling production back to 40641, at Approve: Waits for one approval\. Alex Wilber asked/,
      );

      await story.click(megan, "approve");
      await story.until("the merge", () => changesOf(world).merges === 1);
      const during = await story.askForAll(adele, "status");
      expect(during).toContain("Git wants production-40641");
      expect(during).toMatch(/Rolling production back to 40641, at (Merge|Flux|Pods|Health)[.:]/);

      await story.waitFor("@Alex Wilber production-40641 is live again");
      expect(await story.askForAll(adele, "status")).toMatch(
        /production is well, and held after a rollback\nGit wants production-40641[^]*3 of 3 ready on 40641[^]*went live/,
      );
      expect(world.azureDevOps.runs).toEqual([]);
      expect(git(world, "show", `main:${releaseFile}`)).toContain("tag: production-40641");
      expect(git(world, "show", "--no-patch", "--format=%s", "main")).toContain(
        "Roll back production to production-40641",
      );
    },
    patience,
  );

  test(
    "P3 P4 without a number is chosen by a button: one request, whoever presses, however often, also after a restart",
    async () => {
      await story.ask(adele, "unlock production");
      await story.request(alex, "deploy production");
      await story.click(megan, "approve");
      await story.waitFor("@Alex Wilber production-40672 is live");

      await story.say(diego, "rollback");
      const thread = await story.waitFor("[Go back]");
      expect(thread).toMatch(
        /Which build shall production go back to\?[^]*40641[^]*Alex Wilber asked, Megan Bowen approved/,
      );
      expect(thread).not.toMatch(/back to\?[^]*40672/);
      const card = story.cards()[0]?.id ?? "";
      const [first, second] = await Promise.all([
        story.teams.click(diego, card, "choose"),
        story.teams.click(lee, card, "choose"),
      ]);
      const again = await Promise.all([
        story.teams.redeliver(first.id, "same-id"),
        story.teams.redeliver(second.id, "new-id"),
      ]);
      const shown = [first, second, ...again].map(shownTo);
      expect(new Set(shown).size).toBe(1);
      expect(shown[0]).toMatch(/(Diego Siciliani|Lee Gu) chose 40641: #\d+ asks for it/);
      await story.waitFor("Roll back production to 40641?");
      await story.until("the buttons to go", () => !story.threadText().includes("[Go back]"));

      const [, requested = 0] = /#(\d+) asks for it/.exec(shown[0] ?? "") ?? [];
      await story.ask(megan, `cancel #${requested}`);
      await story.waitFor(`Megan Bowen canceled #${requested}`);
      await story.shutDown();
      await story.restart();
      for (const as of ["same-id", "new-id"] as const)
        expect(shownTo(await story.teams.redeliver(first.id, as))).toBe(shown[0]);
      expect(story.audit().filter(({ action }) => action === "requested")).toHaveLength(5);
    },
    patience,
  );
});
