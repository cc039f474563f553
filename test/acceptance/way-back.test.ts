import { postText } from "../../sandbox/bot-connector/threads.ts";
import { adele, alex, lee, megan } from "../../sandbox/people.ts";
import { git, releaseFile } from "./git.ts";
import { patience, shownTo, startStory, stopStories, type Story } from "./harness.ts";

describe("after a failure on the cluster", () => {
  let offered: Story;
  let automatic: Story;

  // Side by side: each first deploys a build that is proven healthy, then one that crashes.
  beforeAll(async () => {
    [offered, automatic] = await Promise.all([
      startStory(),
      startStory({ production: { rollback: "automatic" } }),
    ]);
    await Promise.all([offered, automatic].map(breakIt));
  }, 2 * patience);

  afterAll(stopStories);

  async function breakIt(story: Story): Promise<void> {
    await story.request(alex, "deploy production");
    await story.click(megan, "approve");
    await story.waitFor("@Alex Wilber production-40672 is live", 60_000);
    story.world.choose("crash-loop");
    await story.request(alex, "deploy production");
    await story.click(megan, "approve");
    await story.waitFor("@Alex Wilber production-40677 is not live", 60_000);
  }

  function tagIn({ world }: Story): string {
    return /tag: (\S+)/.exec(git(world, "show", `main:${releaseFile}`))?.[1] ?? "";
  }

  test(
    "the last build that was proven healthy is a button: pressed twice it is one request, which somebody else approves",
    async () => {
      const story = offered;
      await story.waitFor("[Roll back to 40672]");
      expect(tagIn(story)).toBe("production-40677");

      const [one, other] = await Promise.all([
        story.click(adele, "rollback"),
        story.click(megan, "rollback"),
      ]);
      const answers = [one, other].toSorted();
      expect(answers[0]).toBe(
        "#3 asks for it, below in this thread. Somebody else has to approve it.",
      );
      expect(answers[1]).toMatch(
        /^(Adele Vance|Megan Bowen) has asked for this already, with #3\.$/,
      );
      await story.waitFor("Roll back production to 40672?");
      // P3 Delivered again, with the same id and a new one, it is the same request.
      const failed = story.cards().find((card) => postText(card).includes("crash"));
      const late = await story.teams.click(lee, failed?.id ?? "", "rollback", { deployment: 2 });
      for (const as of ["same-id", "new-id"] as const)
        expect(shownTo(await story.teams.redeliver(late.id, as))).toContain("already, with #3");
      await story.waitFor("#3 was asked to go back to production-40672.");
      expect(story.threadText()).not.toContain("[Roll back to");

      await story.until("a question", () => story.threadText().includes("[Approve]"));
      const requester = story.audit().findLast((line) => line.action === "requested");
      const [asker, approver] =
        requester?.actor === "Adele Vance" ? [adele, megan] : [megan, adele];
      expect(await story.click(asker, "approve")).toContain("somebody else has to approve it");
      await story.click(approver, "approve");
      await story.until("the merge", () => tagIn(story) === "production-40672", 60_000);
    },
    2 * patience,
  );

  test(
    "P11 where the environment says so omnibot goes back by itself, once, and says so loudly",
    async () => {
      const story = automatic;
      await story.waitFor("omnibot goes back to production-40672 by itself.");
      await story.waitFor(/#3[^]*production-40672 is live again/, 90_000);
      const text = story.threadText();
      expect(text).toContain("omnibot goes back by itself, as this environment is configured.");
      expect(text).not.toContain("[Approve]");
      expect(tagIn(story)).toBe("production-40672");
      expect(story.audit().filter((line) => line.action === "requested")).toMatchObject([
        { actor: "Alex Wilber" },
        { actor: "Alex Wilber" },
        { actor: "omnibot" },
      ]);
      expect(git(story.world, "show", "--no-patch", "--format=%B", "main")).toContain(
        "Requested-by: omnibot",
      );
    },
    2 * patience,
  );
});
