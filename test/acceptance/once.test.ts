import { adele, alex, diego, lee, megan } from "../../sandbox/people.ts";
import { patience, shownTo, startStory, stopStories } from "./harness.ts";

// Side by side, each in a world of its own: most of the time is waiting.
afterAll(stopStories);

test.concurrent(
  "P3 approved twice, by two at once, and delivered again: one build; P6 and no second deployment beside it",
  async () => {
    const story = await startStory({ scenario: "slow" });
    const { azureDevOps } = story.world;
    await story.request(alex, "deploy production");
    const card = story.cards()[0]?.id ?? "";

    const clicks = await Promise.all(
      [megan, adele, megan, lee].map((person) => story.teams.click(person, card, "approve")),
    );
    expect(clicks.map((click) => click.status)).toEqual([200, 200, 200, 200]);
    for (const click of clicks.slice(0, 2)) {
      await story.teams.redeliver(click.id, "same-id");
      await story.teams.redeliver(click.id, "new-id");
    }
    await story.waitFor("run 40672");
    const refusal = await story.ask(adele, "deploy production");
    expect(refusal).toMatch(
      /production is busy with #1, Deploying production-40672; Alex Wilber asked .+ ago/,
    );

    await story.until("the build to end", () => azureDevOps.runs[0]?.status === "completed");
    const said = story.audit().map((line) => line.action);
    expect(said.filter((action) => action === "approved")).toHaveLength(1);
    expect(said.filter((action) => action === "requested")).toHaveLength(1);
    expect(azureDevOps.runs).toHaveLength(1);
  },
  patience,
);

test.concurrent(
  "P15 a request that nobody answers expires: it says so, and its buttons go away",
  async () => {
    const story = await startStory({ production: { approval: { expires: "10s" } } });
    const { messageId } = await story.request(alex, "deploy production");
    const [card] = story.cards();
    const early = await story.teams.click(diego, card?.id ?? "", "approve");
    expect(shownTo(early)).toContain("not among the people");
    await story.waitFor("@Alex Wilber Nobody approved #1 in time");
    await story.until("the buttons to go", () => story.buttons().length === 0);
    expect(story.threadText()).toContain("Deploy to production: expired");
    expect(await story.click(megan, "approve", { deployment: 1 })).toContain("has expired");
    // P3 What comes again after the end finds it ended.
    for (const as of ["same-id", "new-id"] as const)
      expect(shownTo(await story.teams.redeliver(early.id, as))).toContain("has expired");
    await story.teams.redeliver(messageId, "same-id");
    expect(story.audit().filter(({ action }) => action === "requested")).toHaveLength(1);
    expect(story.world.azureDevOps.runs).toEqual([]);
    await story.request(alex, "deploy production");
  },
  patience,
);
