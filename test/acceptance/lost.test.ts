import type { Fault } from "../../sandbox/stand-in.ts";
import { alex, megan } from "../../sandbox/people.ts";
import { changesOf } from "./git.ts";
import { countAtEnd, killBeforeEach, oneOfEverything } from "./kill.ts";
import { patience, startStory, stopStories } from "./harness.ts";

// Side by side, each in a world of its own: most of the time is waiting.
afterAll(stopStories);

test.concurrent(
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

test.concurrent(
  "P5 answers that are lost after their effect are found, not repeated: run, branch, commit, pull request, merge",
  async () => {
    const story = await startStory();
    const { azureDevOps, github } = story.world;
    const lose = (method: string, path: string): Fault => ({
      method,
      path,
      times: 1,
      reset: "after",
    });
    const faults = [
      lose("POST", "/runs$"),
      lose("POST", "/git/refs$"),
      lose("PUT", "/contents/"),
      lose("POST", "/pulls$"),
      lose("PUT", "/merge-async$"),
    ];
    azureDevOps.standIn.faults.push(...faults.slice(0, 1));
    github.faults.push(...faults.slice(1));

    await story.request(alex, "deploy production");
    await story.click(megan, "approve");
    await story.waitFor("@Alex Wilber production-40672 is live", 60_000);

    expect(faults.map((fault) => fault.times)).toEqual([0, 0, 0, 0, 0]);
    expect(azureDevOps.runs).toHaveLength(1);
    expect(changesOf(story.world)).toEqual({ branches: 1, pullRequests: 1, merges: 1 });
    expect(github.journal.filter(({ method }) => method === "PUT").map(({ path }) => path)).toEqual(
      [expect.stringContaining("/contents/"), expect.stringContaining("/merge-async")],
    );
    expect(story.cards()).toHaveLength(1);
  },
  patience,
);
