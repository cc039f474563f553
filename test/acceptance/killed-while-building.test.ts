import { alex, megan } from "../../sandbox/people.ts";
import { countAtEnd, killAtEach, oneOfEverything } from "./killed.ts";
import { patience, startStory, stopStories } from "./harness.ts";

afterEach(stopStories);

test(
  "P4 killed while it waits for approval, starts a run, follows it, and looks for its image, it goes on: one of everything",
  async () => {
    const story = await startStory();
    const { azureDevOps, registry } = story.world;
    await story.request(alex, "deploy production");
    await story.kill();
    expect(await story.click(megan, "approve")).toContain("no answer");
    await story.restart();

    const moments = [
      { at: azureDevOps.standIn, method: "POST", path: "/runs$" },
      { at: azureDevOps.standIn, method: "GET", path: "/builds/40672$" },
      { at: registry.standIn, method: "GET", path: "/manifests/production-40672$" },
    ];
    await killAtEach(story, moments, () => story.click(megan, "approve"));
    expect(await countAtEnd(story)).toEqual(oneOfEverything);
  },
  patience,
);
