import type { Scenario } from "../../sandbox/scenario.ts";
import { alex, megan } from "../../sandbox/people.ts";
import { changesOf } from "./git.ts";
import { patience, startStory, stopStories, type Story } from "./harness.ts";

/** Helm's five minutes, so many times: a busy machine does not use them up. */
const helmPatience = 10;

describe("what goes wrong on the cluster", () => {
  let unpullable: Story;
  let crashing: Story;

  beforeAll(async () => {
    [unpullable, crashing] = await Promise.all([
      play("image-cannot-be-pulled"),
      play("crash-loop"),
    ]);
  }, patience);

  afterAll(stopStories);

  async function play(scenario: Scenario): Promise<Story> {
    const story = await startStory({ scenario, helmPatience });
    await story.request(alex, "deploy production");
    await story.click(megan, "approve");
    await story.waitFor("@Alex Wilber production-40672 is not live");
    return story;
  }

  test("an image that the cluster may not pull is told with the cluster's own words", () => {
    const thread = unpullable.threadText();
    expect(thread).toContain("The cluster may not pull the image.");
    expect(thread).toContain("401 Unauthorized");
    expect(thread).toContain(
      "Git wants production-40672 now. To go back: rollback production 40655.",
    );
    expect(changesOf(unpullable.world)).toEqual({ branches: 1, pullRequests: 1, merges: 1 });
  });

  test("pods that crash are told with their exit code and the words of their log", () => {
    const thread = crashing.threadText();
    expect(thread).toContain("The new pods crash on start.");
    expect(thread).toContain("exit code 1");
    expect(thread).toContain("TILE_CACHE_URL is not set");
    expect(thread).toContain("go back with rollback");
  });

  test("both are noticed while Helm still waits for the pods", () => {
    for (const { world } of [unpullable, crashing]) {
      const release = world.kubernetes.store.get("helmreleases", "omnispatial", "omnispatial-web");
      expect(JSON.stringify(release?.spec)).toContain("production-40672");
      const conditions: readonly object[] = release?.status.conditions ?? [];
      expect(conditions).toContainEqual(
        expect.objectContaining({ type: "Ready", status: "Unknown", reason: "Progressing" }),
      );
    }
  });
});
