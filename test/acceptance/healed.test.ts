import { alex, megan } from "../../sandbox/people.ts";
import { changesOf } from "./git.ts";
import { patience, startStory, stopStories } from "./harness.ts";

/** What is live before every story. */
const before = "production-40655";
const denied = "failed to authorize: failed to fetch anonymous token: 401 Unauthorized";

describe("a failure on the cluster that heals by itself", () => {
  afterAll(stopStories);

  test(
    "P4 P10 is corrected in its thread, also by an omnibot that was killed and started again",
    async () => {
      const story = await startStory();
      let allowed = false;
      story.world.kubernetes.nature = {
        pull: ({ tag }) => (tag === before || allowed ? undefined : denied),
      };
      await story.request(alex, "deploy production");
      await story.click(megan, "approve");
      await story.waitFor("@Alex Wilber production-40672 is not live");
      expect(story.threadText()).toContain("The cluster may not pull the image.");
      expect(story.threadText()).toContain("omnibot goes on watching");

      await story.kill();
      allowed = true;
      await story.restart();
      const thread = await story.waitFor(
        "@Alex Wilber production-40672 is live after all. What was told before has healed.",
      );
      expect(thread).toContain("It was told as failed at first: The cluster may not pull");
      expect(changesOf(story.world)).toEqual({ branches: 1, pullRequests: 1, merges: 1 });
      expect(story.cards()).toHaveLength(1);
    },
    patience,
  );

  test(
    "P6 leaves its environment free for the next deployment",
    async () => {
      const story = await startStory();
      story.world.kubernetes.nature = {
        pull: ({ tag }) => (tag === before ? undefined : denied),
      };
      await story.request(alex, "deploy production");
      await story.click(megan, "approve");
      await story.waitFor("@Alex Wilber production-40672 is not live");
      const first = story.thread();
      await story.request(alex, "rollback production 40655");
      await story.click(megan, "approve");
      await story.waitFor("production-40655 is live again");
      expect(story.thread()).not.toBe(first);
      const told = story
        .audit()
        .filter(({ action }) => action === "settled" || action === "healed");
      expect(told.map(({ action }) => action)).toEqual(["settled"]);
    },
    patience,
  );
});
