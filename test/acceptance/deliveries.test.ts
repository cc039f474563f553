import { randomUUID } from "node:crypto";
import { adele, alex, diego, lee, megan, type SandboxPerson } from "../../sandbox/people.ts";
import { postText, type Post } from "../../sandbox/bot-connector/threads.ts";
import { cardActions } from "../../sandbox/card-text.ts";
import { changesOf } from "./git.ts";
import { patience, shownTo, startStory, stopStories, type Story } from "./harness.ts";

/** Teams repeats what was not answered in time: with the same id, and clicks with a new one too. */
describe("P3 what is delivered again and again", () => {
  let story: Story;
  let messages = 1_700_000_000_000;
  let rejected: { readonly request: string; readonly card: string; readonly click: string };

  beforeAll(async () => {
    story = await startStory({ speed: 60 });
  }, patience);

  afterAll(stopStories);

  test("a request, three times at once: one deployment, one card", async () => {
    const { threadId, messageId } = await sayOften(alex, "deploy production");
    await story.until("the question", () => story.buttons().includes("approve"));
    expect(ownPosts(threadId)).toHaveLength(1);
    expect(actions()).toEqual(["requested"]);
    rejected = { request: messageId, card: ownPosts(threadId)[0]?.id ?? "", click: newClick() };
  });

  test("P6 a request that is in the way of another, three times at once, and again as a new message: told so once for each", async () => {
    const { threadId, messageId } = await sayOften(lee, "rollback production 40641");
    const busy = /production is busy with #1.*; Alex Wilber asked .* ago/;
    await story.until("an answer", () => ownPosts(threadId).length > 0);
    await story.teams.redeliver(messageId, "new-id");
    await story.until("another", () => ownPosts(threadId).length > 1);
    await story.teams.redeliver(messageId, "same-id");
    await settled();
    expect(ownPosts(threadId).map(postText)).toEqual([
      expect.stringMatching(busy),
      expect.stringMatching(busy),
    ]);
    expect(actions()).toEqual(["requested"]);
  });

  test("P1 an approval by whom asked: refused each time, to them alone", async () => {
    const before = story.teams.counts();
    const answers = await clickOften(alex, rejected.card, "approve");
    expect(new Set(answers)).toEqual(
      new Set(["You asked for this deployment yourself; somebody else has to approve it."]),
    );
    expect(story.teams.counts()).toEqual(before);
    expect(actions()).not.toContain("approved");
  });

  test("a rejection: one decision, one reply, and each answer shows it", async () => {
    const data = { deployment: 1, reason: "Not on a Friday" };
    const answers = await clickOften(adele, rejected.card, "reject", data, rejected.click);
    for (const answer of answers) expect(answer).toContain("Deploy to production: rejected");
    const [thread = ""] = threadsOf(rejected.card);
    await story.until("the reply", () => ownPosts(thread).length > 1);
    expect(ownPosts(thread).slice(1).map(postText)).toEqual([
      expect.stringContaining("rejected #1:** Not on a Friday"),
    ]);
    expect(actions().filter((action) => action === "rejected")).toHaveLength(1);
  });

  test("an approval that comes after the rejection: told who decided, and nothing is done", async () => {
    const answers = await clickOften(megan, rejected.card, "approve", { deployment: 1 });
    expect(new Set(answers)).toEqual(new Set(["Adele Vance has rejected this already."]));
    expect(actions()).not.toContain("approved");
  });

  test.each([
    // By different people, none of whom says more than one person may.
    ["help", lee, /rollback production 40655/],
    ["status", megan, /production is well/],
    ["depoly production", adele, /Did you mean/],
    ["rollback production 4o641", diego, /Write digits only/],
  ])("“%s”: one answer, and another one only to another message", async (text, person, words) => {
    const { threadId, messageId } = await sayOften(person, text);
    await story.until("an answer", () => ownPosts(threadId).length > 0);
    await story.teams.redeliver(messageId, "same-id");
    await story.teams.redeliver(messageId, "new-id");
    await story.until("another", () => ownPosts(threadId).length > 1);
    await settled();
    expect(ownPosts(threadId).map(postText)).toEqual([
      expect.stringMatching(words),
      expect.stringMatching(words),
    ]);
  });

  test(
    "what nobody answered because omnibot was away counts when it comes again, and what was answered does not",
    async () => {
      await story.shutDown();
      const lost = await story.say(alex, "rollback production 40641");
      expect(lost.status).toBe(0);
      await story.restart();
      for (const id of [rejected.request, lost.messageId, lost.messageId])
        expect(await story.teams.redeliver(id, "same-id")).toMatchObject({ status: 200 });
      await story.until("the question", () => story.buttons().includes("approve"));
      expect(shownTo(await story.teams.redeliver(rejected.click, "same-id"))).toContain("rejected");
      expect(shownTo(await story.teams.redeliver(rejected.click, "new-id"))).toContain("rejected");
      expect(actions().filter((action) => action === "requested")).toHaveLength(2);
      expect(ownPosts(story.thread())).toHaveLength(1);
      expect(ownPosts(threadsOf(rejected.card)[0] ?? "")).toHaveLength(2);
    },
    patience,
  );

  test(
    "approvals of two, clicked while omnibot is away, at once and again: one change, whoever was first",
    async () => {
      const { world } = story;
      const [post] = ownPosts(story.thread());
      const card = post?.id ?? "";
      const button = cardActions(post?.latest.card).find(({ verb }) => verb === "reject");
      const click = newClick();
      await story.kill();
      expect(await story.teams.click(megan, card, "approve", undefined, click)).toMatchObject({
        status: 0,
      });
      await story.restart();
      const again = (as: "same-id" | "new-id") => story.teams.redeliver(click, as);
      const [others, ...own] = await Promise.all([
        clickOften(adele, card, "approve"),
        again("same-id"),
        again("same-id"),
        again("new-id"),
      ]);
      for (const answer of own.map(shownTo)) expect(answer).toMatch(/Rolling|approved/);
      for (const answer of others) expect(answer).toMatch(/Rolling|approved/);

      await story.until("the decision", () => actions().includes("step-done:approve"));
      // Somebody decides against it too late, and somebody presses a button of the card before.
      const data = { ...Object(button?.data), reason: "Too late" };
      for (const answer of await clickOften(lee, card, "reject", data))
        expect(answer).toMatch(/approved this already|not among/);
      expect(await clickOften(megan, rejected.card, "approve", { deployment: 1 })).toContain(
        "Adele Vance has rejected this already.",
      );
      await story.waitFor("@Alex Wilber production-40641 is live");
      for (const as of ["same-id", "new-id"] as const)
        expect(shownTo(await again(as))).toMatch(/live|approved this already/);

      expect(changesOf(world)).toEqual({ branches: 1, pullRequests: 1, merges: 1 });
      const approvals = story.audit().filter(({ action }) => action === "approved");
      expect(new Set(approvals.map(({ actor }) => actor)).size).toBe(approvals.length);
      expect(actions().filter((action) => action === "rejected")).toHaveLength(1);
      expect(actions().filter((action) => action === "step-done:approve")).toHaveLength(1);
      expect(story.cards()).toHaveLength(1);
      expect(world.azureDevOps.runs).toEqual([]);
    },
    patience,
  );

  /** A message in a thread of its own, delivered twice more while the first delivery is in work. */
  async function sayOften(who: SandboxPerson, text: string) {
    const id = String((messages += 1));
    const again = () => story.teams.redeliver(id, "same-id");
    const [said, ...others] = await Promise.all([story.say(who, text, { id }), again(), again()]);
    expect([said, ...others].map(({ status }) => status)).toEqual([200, 200, 200]);
    return said;
  }

  /** A click, delivered three times more while the first delivery is in work: what each answer shows. */
  async function clickOften(
    who: SandboxPerson,
    card: string,
    verb: "approve" | "reject",
    data?: object,
    id = newClick(),
  ): Promise<readonly string[]> {
    const again = (as: "same-id" | "new-id") => story.teams.redeliver(id, as);
    const first = story.teams.click(who, card, verb, data, id);
    const others = [again("same-id"), again("same-id"), again("new-id")];
    return (await Promise.all([first, ...others])).map(shownTo);
  }

  function newClick(): string {
    return `f:${randomUUID()}`;
  }

  function ownPosts(thread: string): readonly Post[] {
    return story.teams.thread(thread).filter((post) => post.fromBot);
  }

  function threadsOf(post: string): readonly string[] {
    return story.teams.posts().flatMap(({ id, threadId }) => (id === post ? threadId : []));
  }

  /** The answer to a later message comes after those to the earlier ones. */
  async function settled(): Promise<void> {
    await story.ask(lee, "help");
  }

  function actions(): readonly string[] {
    const decisive = /^(requested|approved|rejected|step-done:approve)$/;
    return story.audit().flatMap(({ action }) => (decisive.test(action) ? action : []));
  }
});
