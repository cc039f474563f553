import { alex, megan } from "../../sandbox/people.ts";
import { changesOf, git, releaseFile } from "./git.ts";
import { patience, startStory, stopStories } from "./harness.ts";

afterEach(stopStories);

test(
  "a build that fails is told with the failing task and the end of its log; Git stays as it is",
  async () => {
    const story = await startStory({ scenario: "build-fails" });
    await story.request(alex, "deploy production");
    await story.click(megan, "approve");
    await story.waitFor("@Alex Wilber production-40672 is not live");
    const thread = story.threadText();
    expect(thread).toContain("The build failed.");
    expect(thread).toContain("Unit tests");
    expect(thread).toContain("1 of 214 tests failed");
    expect(thread).toContain("Git was not changed: it still wants production-40655.");
    expect(thread).toContain("What to do: Read the log, mend the cause, and deploy again.");
    expect(changesOf(story.world)).toEqual({ branches: 0, pullRequests: 0, merges: 0 });
    // What failed can be asked for again.
    story.world.choose("success");
    await story.request(alex, "deploy production");
  },
  patience,
);

test(
  "P8 a build whose image is not in the registry never reaches Git: no branch, no pull request",
  async () => {
    const story = await startStory({ scenario: "image-missing" });
    await story.request(alex, "deploy production");
    await story.click(megan, "approve");
    await story.waitFor("@Alex Wilber production-40672 is not live", 45_000);
    expect(story.threadText()).toContain("The image is not in the registry.");
    expect(story.threadText()).toContain("omnispatial/web:production-40672 is not in");
    expect(changesOf(story.world)).toEqual({ branches: 0, pullRequests: 0, merges: 0 });
    expect(git(story.world, "show", `main:${releaseFile}`)).toContain("tag: production-40655");
  },
  patience,
);
