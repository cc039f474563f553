import { adele, alex, diego, megan } from "../../sandbox/people.ts";
import { changesOf, git, releaseFile } from "./git.ts";
import { sayOften } from "./often.ts";
import { patience, startStory, stopStories, type Story } from "./harness.ts";

describe("stopping a deployment", () => {
  let story: Story;

  beforeAll(async () => {
    story = await startStory({ scenario: "slow" });
  }, patience);

  afterAll(stopStories);

  test(
    "is for who asked and who approves, and says so where there is nothing to stop",
    async () => {
      expect(await story.ask(alex, "cancel")).toContain("Nothing is in work");
      expect(await story.ask(alex, "cancel #99")).toContain("There is no deployment #99 here");
      await story.request(alex, "deploy production");
      expect(await story.ask(diego, "cancel")).toMatch(/Who asked for #1 may cancel it/);
      expect(story.buttons()).toContain("approve");
    },
    patience,
  );

  test(
    "before anybody decided ends the request, and its buttons go away",
    async () => {
      expect(await story.ask(alex, "cancel #1")).toContain("omnibot stops #1");
      const thread = await story.waitFor(
        "@Alex Wilber Alex Wilber canceled #1. Nothing was begun.",
      );
      expect(thread).toContain("Deploy to production: canceled");
      expect(story.buttons()).toEqual([]);
      expect(await story.ask(alex, "cancel #1")).toContain("#1 has ended already");
    },
    patience,
  );

  test(
    "while it builds cancels the run in Azure DevOps, and Git stays as it is",
    async () => {
      await story.request(alex, "deploy production");
      await story.click(megan, "approve");
      await story.until("a run", () => story.world.azureDevOps.runs.length === 1);
      await story.ask(megan, "cancel");
      await story.waitFor(/Megan Bowen canceled #2\. Run 40672 has ended; Git was not changed/);
      expect(story.world.azureDevOps.runs[0]).toMatchObject({ result: "canceled" });
      expect(changesOf(story.world)).toEqual({ branches: 0, pullRequests: 0, merges: 0 });
      expect(story.audit().map(({ action }) => action)).toContain("canceled");
    },
    patience,
  );

  test(
    "is told in the history, and the environment is free",
    async () => {
      expect(await story.ask(adele, "history")).toMatch(
        /History of production[^]*#2 [^]*was canceled · Alex Wilber asked, Megan Bowen approved[^]*#1 [^]*was canceled/,
      );
      const diff = await story.ask(adele, "diff production");
      expect(diff).toMatch(
        /deploy production would ship main at .*\d commits since production-40655:/,
      );
      expect(diff).toContain("Show the scale bar on printed maps · Diego Siciliani");
      await story.request(alex, "deploy production");
    },
    patience,
  );
});

describe("trying the failed step again", () => {
  afterAll(stopStories);

  test(
    "P3 goes on where it failed, with the same run, and tells the end anew, however often it is asked for",
    async () => {
      const story = await startStory({ scenario: "image-missing" });
      await story.request(alex, "deploy production");
      await story.click(megan, "approve");
      await story.waitFor("@Alex Wilber production-40672 is not live", 45_000);
      expect(await story.ask(diego, "retry #1")).toContain("Who asked for #1 may retry it");

      story.world.registry.push("omnispatial/web", "production-40672", {
        scenario: "success",
        commit: story.world.azureDevOps.runs[0]?.commit ?? "",
      });
      const retry = await sayOften(story, alex, "retry #1");
      expect(retry.answers()).toEqual([expect.stringContaining("omnibot tries #1 again")]);
      await story.waitFor("@Alex Wilber production-40672 is live");
      expect(story.world.azureDevOps.runs).toHaveLength(1);
      expect(changesOf(story.world)).toEqual({ branches: 1, pullRequests: 1, merges: 1 });
      expect(git(story.world, "show", `main:${releaseFile}`)).toContain("tag: production-40672");
      // P3 P4 What comes again, late, out of order or as a new message, tries nothing again.
      await story.shutDown();
      await story.restart();
      await story.teams.redeliver(retry.id, "same-id");
      await story.teams.redeliver(retry.id, "new-id");
      await story.until("another answer", () => retry.answers().length > 1);
      expect(retry.answers()[1]).toContain("#1 has no failed step");
      expect(story.audit().filter(({ action }) => action === "retry")).toHaveLength(1);
    },
    patience,
  );

  test(
    "is no way around a run that has failed",
    async () => {
      const story = await startStory({ scenario: "build-fails" });
      await story.request(alex, "deploy production");
      await story.click(megan, "approve");
      await story.waitFor("@Alex Wilber production-40672 is not live", 45_000);
      expect(await story.ask(alex, "retry")).toContain("The run of #1 has failed, and stays so");
    },
    patience,
  );
});
