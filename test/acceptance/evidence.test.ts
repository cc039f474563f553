import { alex, diego, megan } from "../../sandbox/people.ts";
import { imageRepository } from "../../sandbox/world.ts";
import { changesOf, git, releaseFile } from "./git.ts";
import { patience, startStory, stopStories } from "./harness.ts";

// Side by side, each in a world of its own: most of the time is waiting.
afterAll(stopStories);

test.concurrent(
  "P10 pods that run another image than the verified one are not called live, though all of them are ready",
  async () => {
    const story = await startStory();
    const { kubernetes, registry } = story.world;
    await story.request(alex, "deploy production");
    // Flux hears late of the merge: meanwhile somebody moves the tag.
    kubernetes.standIn.faults.push({
      method: "PATCH",
      path: "/gitrepositories/",
      times: 1,
      delay: 1000,
    });
    await story.click(megan, "approve");
    await story.until("the merge", () => changesOf(story.world).merges === 1);
    registry.retag(imageRepository, "production-40672", "production-40641");

    await story.waitFor("@Alex Wilber production-40672 is not live");
    expect(story.threadText()).toContain(
      "The pods run another image than the one in the registry.",
    );
    expect(story.threadText()).not.toContain("production-40672 is live");
  },
  patience,
);

test.concurrent(
  "P7 a rollback that is typed goes back to exactly the image that was proven, or not at all",
  async () => {
    const story = await startStory();
    for (const build of [40641, 40655]) {
      await story.request(alex, `rollback ${build}`);
      await story.click(megan, "approve");
      await story.waitFor(`@Alex Wilber production-${build} is live again`);
    }
    const before = changesOf(story.world);
    story.world.registry.retag(imageRepository, "production-40641", "production-40612");

    await story.say(alex, "rollback 40641");
    expect(await story.waitFor("The tag points at another image")).toContain(
      "when it was proven healthy",
    );
    expect(changesOf(story.world)).toEqual(before);
  },
  patience,
);

test.concurrent(
  "P17 a change that somebody made by hand after the request is told, and not overwritten",
  async () => {
    const story = await startStory();
    const { github } = story.world;
    await story.request(alex, "rollback 40641");
    const edit = (text: string) => text.replace("production-40655", "production-40612");
    await github.pushCommit({ path: releaseFile, edit, message: "By hand", author: diego });
    await story.click(megan, "approve");
    await story.waitFor("@Alex Wilber production-40641 is not live");
    expect(story.threadText()).toContain("Git wants another tag than when this was approved.");
    expect(story.threadText()).toContain(
      "Approved was to replace production-40655, now Git wants production-40612.",
    );
    expect(git(story.world, "show", `main:${releaseFile}`)).toContain("production-40612");
    expect(changesOf(story.world)).toEqual({ branches: 0, pullRequests: 0, merges: 0 });
  },
  patience,
);
