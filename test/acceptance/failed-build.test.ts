import type { Scenario } from "../../sandbox/scenario.ts";
import { alex, megan } from "../../sandbox/people.ts";
import { changesOf, git, releaseFile } from "./git.ts";
import { patience, startStory, stopStories, type Story } from "./harness.ts";

describe("what goes wrong before Git is changed", () => {
  let failing: Story;
  let missing: Story;

  // Side by side: most of the time goes into patience with the registry, which may be slow to show a tag.
  beforeAll(async () => {
    [failing, missing] = await Promise.all([play("build-fails"), play("image-missing")]);
  }, patience);

  afterAll(stopStories);

  async function play(scenario: Scenario): Promise<Story> {
    const story = await startStory({ scenario });
    await story.request(alex, "deploy production");
    await story.click(megan, "approve");
    await story.waitFor("@Alex Wilber production-40672 is not live", 45_000);
    return story;
  }

  test("a build that fails is told with the failing task and the end of its log", () => {
    const thread = failing.threadText();
    expect(thread).toContain("The build failed.");
    expect(thread).toContain("Unit tests");
    expect(thread).toContain("1 of 214 tests failed");
    expect(thread).toContain("What to do: Read the log, mend the cause, and deploy again.");
    expect(changesOf(failing.world)).toEqual({ branches: 0, pullRequests: 0, merges: 0 });
  });

  test("P8 a build whose image is not in the registry never reaches Git", () => {
    const thread = missing.threadText();
    expect(thread).toContain("The image is not in the registry.");
    expect(thread).toContain("omnispatial/web:production-40672 is not in");
    expect(changesOf(missing.world)).toEqual({ branches: 0, pullRequests: 0, merges: 0 });
    expect(git(missing.world, "show", `main:${releaseFile}`)).toContain("tag: production-40655");
  });

  test("both say that Git is as it was, and both can be asked for again", async () => {
    for (const story of [failing, missing]) {
      expect(story.threadText()).toContain("Git was not changed: it still wants production-40655.");
      await story.request(alex, "deploy production");
    }
  });
});
