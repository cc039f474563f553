import { alex, megan } from "../../sandbox/people.ts";
import { changesOf } from "./git.ts";
import { patience, startStory, stopStories, type Story } from "./harness.ts";

afterEach(stopStories);

/** From the moment when the new tag is on the cluster, in milliseconds. Helm itself gives up after 5 minutes. */
const promptly = 6000;

test(
  "an image that the cluster may not pull is noticed promptly, and told with the cluster's words",
  async () => {
    const story = await deployed("image-cannot-be-pulled");
    const thread = story.threadText();
    expect(thread).toContain("The pods cannot pull the image.");
    expect(thread).toContain("401 Unauthorized");
    expect(thread).toContain(
      "Git wants production-40672 now. To go back: rollback production 40655.",
    );
    expect(changesOf(story.world)).toEqual({ branches: 1, pullRequests: 1, merges: 1 });
  },
  patience,
);

test(
  "pods that crash are noticed promptly, and told with the exit code and the log's own words",
  async () => {
    const story = await deployed("crash-loop");
    const thread = story.threadText();
    expect(thread).toContain("The new pods crash on start.");
    expect(thread).toMatch(/exit(ed)?( with)? code 1|code 1/i);
    expect(thread).toContain("TILE_CACHE_URL is not set");
    expect(thread).toContain("go back with rollback");
  },
  patience,
);

/** Deploys what will fail on the cluster, and waits until the thread says so, in time. */
async function deployed(scenario: "image-cannot-be-pulled" | "crash-loop"): Promise<Story> {
  const story = await startStory({ scenario });
  await story.request(alex, "deploy production");
  await story.click(megan, "approve");
  await story.waitFor("@Alex Wilber production-40672 is not live");
  const trail = story.audit();
  const applied = trail.find((line) => line.action === "step-done:sync")?.at ?? Number.NaN;
  const noticed = trail.find((line) => line.action === "step-failed:roll-out")?.at ?? Number.NaN;
  expect(noticed - applied).toBeLessThan(promptly);
  return story;
}
