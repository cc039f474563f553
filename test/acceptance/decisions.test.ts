import { adele, alex, diego, megan } from "../../sandbox/people.ts";
import { patience, startStory, stopStories, type Story } from "./harness.ts";

describe("a request that waits for approval", () => {
  let story: Story;

  beforeAll(async () => {
    story = await startStory();
    await story.request(alex, "deploy production");
  }, patience);

  afterAll(stopStories);

  test("P1 is not approved by whom asked for it, who reads alone why", async () => {
    const thread = story.threadText();
    const posts = story.teams.counts();
    expect(await story.click(alex, "approve")).toBe(
      "You asked for this deployment yourself; somebody else has to approve it.",
    );
    expect(story.threadText()).toBe(thread);
    expect(story.teams.counts()).toEqual(posts);
    expect(story.buttons()).toContain("approve");
    expect(story.audit().at(-1)).toMatchObject({
      actor: "Alex Wilber",
      action: "refused:approve",
      facts: { because: "own-request" },
    });
  });

  test("P1 is not approved by whom asked, whatever the click says about who clicked", async () => {
    const forged = { person: megan.aadObjectId, from: { aadObjectId: megan.aadObjectId } };
    expect(await story.click(alex, "approve", forged)).toContain("somebody else has to approve");
  });

  test("P2 is not approved by somebody who is no approver", async () => {
    const thread = story.threadText();
    expect(await story.click(diego, "approve")).toBe(
      "You are not among the people who may decide about production.",
    );
    expect(await story.click(diego, "reject", { reason: "Me neither" })).toContain("not among");
    expect(story.threadText()).toBe(thread);
  });

  test.each([
    ["another deployment", { deployment: 4711 }],
    ["no number", { deployment: "1 or 1=1" }],
    ["a number below one", { deployment: -1 }],
  ])("P2 is not approved by a click that names %s", async (_, data) => {
    expect(await story.click(megan, "approve", data)).toMatch(
      /does not belong to a deployment of this thread|does not know this button/,
    );
    expect(story.buttons()).toContain("approve");
  });

  test("P2 is not approved by a click in another thread", async () => {
    const answer = await story.teams.say(megan, "help");
    await story.until("help", () => story.teams.thread(answer.threadId).length > 1);
    const elsewhere = story.teams.thread(answer.threadId)[1];
    const data = { deployment: 1 };
    const { body } = await story.teams.click(megan, elsewhere?.id ?? "", "approve", data);
    expect(JSON.stringify(body)).toContain("does not belong to a deployment of this thread");
    expect(story.buttons()).toContain("approve");
  });

  test("is rejected with a reason: the buttons go, and whom asked is told", async () => {
    expect(await story.click(adele, "reject")).toBe("Please say why; a word is enough.");
    await story.click(adele, "reject", { reason: "Not on a Friday" });
    await story.waitFor(/@Alex Wilber Adele Vance rejected #1: Not on a Friday/);
    await story.until("the buttons to go", () => story.buttons().length === 0);
    expect(story.threadText()).toContain("Deploy to production: rejected");
    expect(await story.click(megan, "approve", { deployment: 1 })).toContain(
      "Adele Vance has rejected this already",
    );
  });

  test("has done nothing by all these clicks", () => {
    expect(story.audit().map((line) => line.action)).not.toContain("approved");
    expect(story.world.azureDevOps.runs).toEqual([]);
  });
});
