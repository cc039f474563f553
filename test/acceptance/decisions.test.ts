import { adele, alex, diego, lee, megan } from "../../sandbox/people.ts";
import { patience, startStory, stopStories, type Story } from "./harness.ts";
import { mostEdits } from "./quiet.ts";

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

test(
  "P3 P20 of two approvals that are wanted each counts once; who and when is on the card, and who is asked, and who asked, is mentioned once",
  async () => {
    const story = await startStory({ production: { approval: { required: 2, mention: true } } });
    await story.request(diego, "deploy production");
    const card = story.cards()[0]?.id ?? "";
    await story.waitFor(
      "@Alex Wilber @Megan Bowen @Adele Vance @Lee Gu #1 waits for a decision of yours",
    );
    const first = await story.teams.click(megan, card, "approve");
    for (const as of ["same-id", "new-id"] as const) await story.teams.redeliver(first.id, as);
    await story.click(megan, "approve");
    expect(story.world.azureDevOps.runs).toEqual([]);
    expect(story.buttons()).toContain("approve");
    expect(story.threadText()).not.toContain("approved #1");

    await story.click(adele, "approve");
    const thread = await story.waitFor("@Diego Siciliani production-40672 is live");
    expect(thread).toContain("Megan Bowen and Adele Vance approved #1.");
    expect(story.textsOfCard().join("\n")).toMatch(/by Megan Bowen and Adele Vance at \d\d:\d\d/);
    const posts = story.teams.thread(story.thread()).filter((post) => post.fromBot);
    const mentions = posts.flatMap((post) => post.latest.mentions.map(({ id }) => id));
    const asked = [alex, megan, adele, lee].map((one) => one.aadObjectId);
    expect(mentions).toEqual([...asked, diego.aadObjectId]);
    expect(posts).toHaveLength(4);
    expect(posts.reduce((sum, { edits }) => sum + edits, 0)).toBeLessThanOrEqual(
      mostEdits(story.cards()),
    );
    expect(story.audit().filter(({ action }) => action === "approved")).toHaveLength(2);
    await story.stop();
  },
  patience,
);
