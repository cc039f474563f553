import { postText } from "../../sandbox/bot-connector/threads.ts";
import { adele, alex, bot, channel, tenantId } from "../../sandbox/people.ts";
import { patience, startStory, stopStories, type Story } from "./harness.ts";

const place = { id: channel.id, isGroup: true, conversationType: "channel", tenantId };
const foreign = "22222222-2222-4222-8222-222222222222";

describe("what is said to omnibot", () => {
  let story: Story;

  beforeAll(async () => {
    story = await startStory();
  }, patience);

  afterAll(stopStories);

  test("the app that is added to the team introduces itself once, also after a restart", async () => {
    const told = await story.teams.install();
    await story.until("a welcome", () => story.teams.counts().posts === 1);
    await story.shutDown();
    await story.restart();
    for (const id of told) await story.teams.redeliver(id, "new-id");
    await story.teams.join(adele);
    await story.ask(alex, "help");
    expect(story.teams.counts().posts).toBe(2);
    expect(story.teams.posts().map(postText).join("\n")).toMatch(
      /omnibot is here[^]*@omnibot deploy production[^]*@omnibot status production/,
    );
  });

  test("in a chat whoever asks reads, and is told where to act", async () => {
    const answers = async (text: string, wanted: RegExp) => {
      const { threadId } = await story.teams.say(alex, text, { personal: true });
      const words = () => story.teams.thread(threadId).map(postText).join("\n");
      await story.until(`an answer to ${text}`, () => wanted.test(words()));
    };
    await answers("status", /production is well/);
    await answers("diff", /would ship/);
    await answers("deploy production", /That is for the channel/);
    expect(story.audit()).toEqual([]);
  });

  test("a message that is delivered again asks for nothing new, also after a restart", async () => {
    const { messageId } = await story.request(alex, "deploy production");
    const again = await Promise.all([1, 2].map(() => story.teams.redeliver(messageId, "same-id")));
    expect(again.map((answer) => answer.status)).toEqual([200, 200]);
    await story.shutDown();
    await story.restart();
    expect(await story.teams.redeliver(messageId, "same-id")).toMatchObject({ status: 200 });

    expect(await story.ask(adele, "deploy production")).toContain("production is busy with #1");
    expect(story.audit().filter((line) => line.action === "requested")).toHaveLength(1);
    expect(story.cards()).toHaveLength(1);
    expect(story.teams.thread(story.thread())).toHaveLength(2);
  });

  test("an unknown command gets the nearest one, and help lists them all", async () => {
    const answer = await story.ask(alex, "depoly production");
    expect(answer).toContain("“depoly production” is not a command that omnibot knows");
    expect(answer).toContain("Did you mean deploy?");
    const help = await story.ask(alex, "help");
    for (const verb of ["deploy", "rollback", "status"]) expect(help).toContain(verb);
  });

  test("a number that is none, and an environment that is none, are asked back", async () => {
    expect(await story.ask(alex, "deploy production 4o672")).toContain("Write digits only");
    expect(await story.ask(alex, "deploy staging")).toContain("Known: production");
  });

  test("what is not said to omnibot is not answered", async () => {
    const before = story.teams.counts();
    await story.teams.say(alex, "deploy production", { mention: false });
    await story.ask(alex, "help");
    expect(story.teams.counts().posts).toBe(before.posts + 1);
  });

  test("a message as it should be is taken", async () => {
    const before = story.teams.counts().posts;
    expect((await deliver(message({}))).status).toBeLessThan(300);
    await story.until("help", () => story.teams.counts().posts > before);
  });

  test.each([
    ["is no JSON", "help"],
    ["is empty", ""],
    ["is no activity", "[]"],
    ["comes from another channel", { conversation: { ...place, id: "19:other@thread.tacv2" } }],
    ["comes from another tenant", { conversation: { ...place, tenantId: foreign } }],
    ["wants its answer elsewhere", { serviceUrl: "https://attacker.example/" }],
    ["is larger than any message", { text: "a".repeat(2_000_000) }],
  ])("P14 what %s is refused, and nothing is done", async (_, body) => {
    const before = story.teams.counts().posts;
    const answer = await deliver(typeof body === "string" ? body : message(body));
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(await answer.text()).not.toMatch(/at .*\.ts:|node_modules/);
    await story.ask(alex, "help");
    expect(story.teams.counts().posts).toBe(before + 1);
  });

  function deliver(body: string): Promise<Response> {
    const headers = { "content-type": "application/json" };
    return fetch(story.messages, { method: "POST", headers, body });
  }

  /** A message as Teams would send it, but for what the test changes. */
  function message(change: object): string {
    return JSON.stringify({
      type: "message",
      id: "1700000000000",
      channelId: "msteams",
      serviceUrl: story.teams.serviceUrl,
      from: { id: alex.id, name: alex.name, aadObjectId: alex.aadObjectId },
      conversation: place,
      recipient: { id: bot.id, name: bot.name },
      text: "<at>omnibot</at> help",
      entities: [{ type: "mention", text: "<at>omnibot</at>", mentioned: bot }],
      channelData: { tenant: { id: tenantId }, channel: { id: channel.id } },
      ...change,
    });
  }
});
