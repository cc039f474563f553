import { alex, megan } from "../../sandbox/people.ts";
import { countAtEnd, killAtEach, oneOfEverything } from "./kill.ts";
import { patience, startStory, stopStories } from "./harness.ts";

// Side by side, each in a world of its own: most of the time is waiting.
afterAll(stopStories);

test.concurrent(
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

test.concurrent(
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

test.concurrent(
  "P4 killed while it tells Flux, follows the pods, and checks the health, it goes on: one of everything",
  async () => {
    const story = await startStory();
    const { kubernetes, app } = story.world;
    await story.request(alex, "deploy production");
    const moments = [
      { at: kubernetes.standIn, method: "PATCH", path: "/gitrepositories/" },
      { at: kubernetes.standIn, method: "GET", path: "/namespaces/omnispatial/pods" },
      { at: app.standIn, method: "GET", path: "/healthz" },
    ];
    await killAtEach(story, moments, () => story.click(megan, "approve"));
    expect(await countAtEnd(story)).toEqual(oneOfEverything);
  },
  patience,
);
