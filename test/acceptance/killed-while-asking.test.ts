import { alex, megan } from "../../sandbox/people.ts";
import { countAtEnd, killBeforeEach, oneOfEverything } from "./killed.ts";
import { patience, startStory, stopStories } from "./harness.ts";

afterEach(stopStories);

test(
  "P4 killed while its requests are on their way, and started again before they arrive: one of everything",
  async () => {
    const story = await startStory();
    const { azureDevOps, github } = story.world;
    await story.request(alex, "deploy production");
    const moments = [
      { at: azureDevOps.standIn, method: "POST", path: "/runs$" },
      { at: github, method: "POST", path: "/git/refs$" },
      { at: github, method: "PUT", path: "/contents/" },
      { at: github, method: "POST", path: "/pulls$" },
      { at: github, method: "PUT", path: "/merge-async$" },
    ];
    await killBeforeEach(story, moments, 2500, () => story.click(megan, "approve"));
    expect(await countAtEnd(story)).toEqual(oneOfEverything);
  },
  patience,
);
