import { alex, lee, megan } from "../../sandbox/people.ts";
import { changesOf } from "./git.ts";
import { patience, startStory, stopStories } from "./harness.ts";

afterAll(stopStories);

test(
  "in maintenance nothing new is begun, and everybody is told why; what was begun is finished",
  async () => {
    const why = "The cluster is upgraded until 14:00";
    const story = await startStory();
    const { azureDevOps } = story.world;
    await story.request(alex, "deploy production");
    const waiting = story.cards();
    await story.shutDown();

    await story.restart({ OMNIBOT_MAINTENANCE: why });
    expect(await story.click(megan, "approve")).toContain(why);
    for (const words of ["deploy production", "rollback 40641", "deploy override: it burns"])
      expect(await story.ask(lee, words)).toContain(`begins nothing new for now: ${why}.`);
    for (const words of ["status", "help"]) expect(await story.ask(lee, words)).toContain(why);
    const ready = await fetch(new URL("/readyz", story.messages));
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: "ready", maintenance: true },
    ]);
    expect(azureDevOps.runs).toEqual([]);
    expect(story.audit().filter(({ action }) => action.startsWith("refused:"))).toHaveLength(4);
    expect(story.cards()).toHaveLength(waiting.length);

    await story.shutDown();
    await story.restart();
    await story.click(megan, "approve");
    await story.until("the run", () => azureDevOps.runs.length === 1);
    await story.shutDown();
    await story.restart({ OMNIBOT_MAINTENANCE: why });
    await story.waitFor("@Alex Wilber production-40672 is live");
    expect(changesOf(story.world)).toEqual({ branches: 1, pullRequests: 1, merges: 1 });
  },
  patience,
);
