import { adele, alex, megan } from "../../sandbox/people.ts";
import { changesOf } from "./git.ts";
import { patience, startStory, stopStories, type Story } from "./harness.ts";

describe("what keeps an environment", () => {
  let story: Story;

  beforeAll(async () => {
    story = await startStory();
  }, patience);

  afterAll(stopStories);

  test(
    "P6 a lock says who, why and how to release it, keeps others out, and anybody may release it",
    async () => {
      expect(await story.ask(megan, "lock the map is wrong for 2h")).toMatch(
        /production is locked, until .*: the map is wrong\. Only Megan Bowen deploys there\. unlock production releases it/,
      );
      expect(await story.ask(alex, "deploy production")).toMatch(
        /production is locked by Megan Bowen, just now, until .*: the map is wrong\. unlock production releases it\. Nothing was begun/,
      );
      expect(await story.ask(adele, "status")).toContain("production is locked by Megan Bowen");
      expect(await story.ask(alex, "unlock")).toMatch(
        /production is open again\. The lock of Megan Bowen is released: the map is wrong/,
      );
      expect(story.audit().map(({ action }) => action)).toEqual([
        "locked",
        "refused:request",
        "unlocked",
      ]);
    },
    patience,
  );

  test(
    "a lock needs a reason, and a question is no order",
    async () => {
      expect(await story.ask(megan, "lock production")).toContain(
        "Why? For example lock production",
      );
      expect(await story.ask(megan, "lock production?")).toContain("nothing was done");
      expect(await story.ask(megan, "unlock production")).toContain("production is not locked");
    },
    patience,
  );

  test(
    "a blocked build is refused with who blocked it and why",
    async () => {
      await story.ask(adele, "block 40641 Tiles are missing");
      expect(await story.ask(alex, "rollback 40641")).toMatch(
        /Build 40641 is blocked by Adele Vance, a moment ago: Tiles are missing\. unblock 40641 releases it\. Nothing was begun/,
      );
      expect(await story.ask(alex, "unblock 40641")).toContain("Build 40641 may be deployed again");
    },
    patience,
  );

  test(
    "P11 a rollback holds the environment until somebody releases it; deploys wait, another rollback does not",
    async () => {
      await story.request(alex, "rollback 40641");
      await story.click(megan, "approve");
      const thread = await story.waitFor("@Alex Wilber production-40641 is live again");
      expect(thread).toContain("Deploys to production are held until somebody writes unlock");
      for (const who of [alex, megan]) {
        expect(await story.ask(who, "deploy production")).toMatch(
          /production is held by rollback #\d+, which Alex Wilber asked for a moment ago: Rolled back from production-40655 to production-40641/,
        );
      }
      expect(await story.ask(alex, "lock production mine")).toContain("is held by rollback");

      await story.request(alex, "rollback 40655");
      await story.click(megan, "reject", { reason: "not now" });
      await story.waitFor("rejected");

      expect(await story.ask(adele, "unlock production")).toContain("The hold of rollback #");
      await story.request(alex, "deploy production");
      expect(changesOf(story.world).merges).toBe(1);
    },
    patience,
  );

  test(
    "P6 a lock that comes after the request is asked again at the click",
    async () => {
      await story.ask(adele, "lock production I look at the tiles");
      expect(await story.click(megan, "approve")).toMatch(
        /production is locked by Adele Vance.*: I look at the tiles\. unlock production releases it/,
      );
      await story.ask(adele, "unlock production");
      await story.click(megan, "approve");
      await story.waitFor("@Alex Wilber production-40672 is live");
    },
    patience,
  );
});

describe("a freeze", () => {
  afterAll(stopStories);

  test(
    "refuses with the time of its end; who is named goes past it, which the card says aloud",
    async () => {
      const freeze = [{ from: "2020-01-01 00:00", until: "2099-12-31 23:59", reason: "Holidays" }];
      const story = await startStory({ production: { freeze, override: [alex.aadObjectId] } });
      expect(await story.ask(megan, "deploy production")).toMatch(
        /Nobody deploys to production now: Holidays\. It opens Thu,? 31 Dec 2099 23:59\. Nothing was begun/,
      );
      expect(await story.ask(megan, "deploy production override: the pods are burning")).toContain(
        "You are not among the people who may go past",
      );
      expect(await story.ask(alex, "help")).toContain("Holidays");
      const { messageId } = await story.request(
        alex,
        "deploy production override: the pods are burning",
      );
      // P3 Also what goes past a freeze is asked for once.
      for (const as of ["same-id", "new-id"] as const) await story.teams.redeliver(messageId, as);
      await story.waitFor("production is busy with #1");
      expect(story.threadText()).toContain("Goes past locks and freezes: the pods are burning");
      await story.click(megan, "approve");
      await story.waitFor("@Alex Wilber production-40672 is live");
      const requested = story.audit().filter(({ action }) => action === "requested");
      expect(requested).toHaveLength(1);
      expect(requested[0]?.facts).toMatchObject({ override: "the pods are burning" });
    },
    patience,
  );
});
