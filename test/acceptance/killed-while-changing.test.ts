import { alex, megan } from "../../sandbox/people.ts";
import { countAtEnd, killAtEach, oneOfEverything } from "./killed.ts";
import { patience, startStory, stopStories } from "./harness.ts";

afterEach(stopStories);

test(
  "P4 killed while it makes the branch, the commit, the pull request and the merge, it goes on: one of everything",
  async () => {
    const story = await startStory();
    const { github } = story.world;
    await story.request(alex, "deploy production");
    const moments = [
      { at: github, method: "POST", path: "/git/refs$" },
      { at: github, method: "PUT", path: "/contents/" },
      { at: github, method: "POST", path: "/pulls$" },
      { at: github, method: "PUT", path: "/merge-async$" },
    ];
    await killAtEach(story, moments, () => story.click(megan, "approve"));
    expect(await countAtEnd(story)).toEqual(oneOfEverything);
    const writes = github.journal.filter(({ method }) => method === "PUT");
    expect(writes.map(({ path }) => path)).toEqual([
      expect.stringContaining("/contents/"),
      expect.stringContaining("/merge-async"),
    ]);
  },
  patience,
);
