import { CardFactory, MessageFactory, TeamsInfo, TurnContext } from "botbuilder";
import {
  type BotConnector,
  startBotConnector,
} from "../../../sandbox/bot-connector/bot-connector.ts";
import { RateLimit } from "../../../sandbox/bot-connector/rate-limit.ts";
import { postText, rootOf } from "../../../sandbox/bot-connector/threads.ts";
import {
  alex,
  bot as omnibot,
  channel,
  megan,
  people,
  team,
  tenantId,
} from "../../../sandbox/people.ts";
import { type Bot, startBot } from "./bot.ts";

const card = (text: string, ...buttons: string[]) =>
  CardFactory.adaptiveCard({
    type: "AdaptiveCard",
    version: "1.5",
    body: [{ type: "TextBlock", text, wrap: true }],
    actions: buttons.map((verb) => ({
      type: "Action.Execute",
      title: verb,
      verb,
      data: { deployment: 128 },
    })),
  });

async function echo(context: TurnContext): Promise<void> {
  if (context.activity.type === "invoke") {
    const value = {
      statusCode: 200,
      type: "application/vnd.microsoft.activity.message",
      value: "Seen",
    };
    await context.sendActivity({ type: "invokeResponse", value: { status: 200, body: value } });
    return;
  }
  await context.sendActivity(MessageFactory.attachment(card("Deploy?", "approve", "reject")));
}

describe("The Bot Connector's stand-in, asked by botbuilder's CloudAdapter", () => {
  let bot: Bot;
  let connector: BotConnector;
  let turn: (context: TurnContext) => Promise<void>;

  beforeEach(async () => {
    turn = echo;
    bot = await startBot((context) => turn(context));
    connector = await startBotConnector({ botUrl: bot.url, speed: 20 });
  });

  afterEach(async () => {
    await connector.close();
    await bot.close();
  });

  test("a message reaches the bot as Teams sends it, and the answer lands in its thread", async () => {
    const said = await connector.say("alex", "deploy production");
    expect(said.status).toBe(200);
    expect(bot.activities).toMatchObject([
      {
        type: "message",
        id: said.messageId,
        channelId: "msteams",
        serviceUrl: `${connector.url}/`,
        text: "<at>omnibot</at> deploy production",
        textFormat: "plain",
        from: { id: alex.id, name: "Alex Wilber", aadObjectId: alex.aadObjectId },
        recipient: { id: omnibot.id, name: "omnibot" },
        conversation: { id: said.threadId, conversationType: "channel", isGroup: true, tenantId },
        channelData: {
          team: { id: team.id, aadGroupId: team.aadGroupId },
          channel: { id: channel.id },
          tenant: { id: tenantId },
        },
        attachments: [{ contentType: "text/html" }],
      },
    ]);
    expect(bot.activities[0]?.["entities"]).toContainEqual({
      type: "mention",
      text: "<at>omnibot</at>",
      mentioned: { id: omnibot.id, name: "omnibot" },
    });
    expect(said.threadId).toBe(`${channel.id};messageid=${said.messageId}`);
    const thread = connector.thread(said.threadId);
    expect(thread.map((post) => `${post.from}: ${postText(post)}`)).toEqual([
      "Alex Wilber: deploy production",
      "omnibot: Deploy?\n[approve] [reject]",
    ]);
    const [entry] = connector.journal;
    expect(entry?.path).toContain(
      `/v3/conversations/${encodeURIComponent(said.threadId)}/activities/`,
    );
  });

  test("words may come with non-breaking spaces, line ends, more mentions, or without a mention", async () => {
    await connector.say("alex", "deploy production", {
      nbsp: true,
      crlf: true,
      alsoMention: [megan],
    });
    await connector.say("alex", "status", { mention: false });
    expect(bot.activities.map((activity) => activity["text"])).toEqual([
      "\r\n<at>omnibot</at>&nbsp;deploy\u00A0production <at>Megan Bowen</at>\r\n",
      "status",
    ]);
    expect(bot.activities[0]?.["entities"]).toContainEqual({
      type: "mention",
      text: "<at>Megan Bowen</at>",
      mentioned: { id: megan.id, name: "Megan Bowen" },
    });
  });

  test("a click carries what the button carries, and answers with the bot's words", async () => {
    const said = await connector.say(alex, "deploy production");
    const [, post] = connector.thread(said.threadId);
    const clicked = await connector.click("Megan Bowen", post?.id ?? "", "approve");
    expect(clicked).toMatchObject({
      status: 200,
      body: { statusCode: 200, type: "application/vnd.microsoft.activity.message", value: "Seen" },
    });
    expect(bot.activities.at(-1)).toMatchObject({
      type: "invoke",
      name: "adaptiveCard/action",
      id: clicked.id,
      replyToId: post?.id,
      from: { aadObjectId: megan.aadObjectId },
      conversation: { id: said.threadId },
      value: {
        action: { type: "Action.Execute", verb: "approve", data: { deployment: 128 } },
        trigger: "manual",
      },
    });
    await connector.click(megan, post?.id ?? "", "approve", { forged: true });
    expect(bot.activities.at(-1)).toMatchObject({ value: { action: { data: { forged: true } } } });
  });

  test("an edit replaces what a post shows, and every version is kept with its time", async () => {
    turn = async (context) => {
      const sent = await context.sendActivity(
        MessageFactory.attachment(card("Deploy?", "approve")),
      );
      const edited = MessageFactory.attachment(card("Deploying"));
      await context.updateActivity({ ...edited, id: sent?.id ?? "" });
    };
    const said = await connector.say("alex", "deploy production");
    const [, post] = connector.thread(said.threadId);
    expect(
      post?.versions.map(({ card: shown }) => JSON.stringify(shown).includes("Deploying")),
    ).toEqual([false, true]);
    expect(post?.versions.every(({ at }) => at > 0 && at <= Date.now())).toBe(true);
    expect(post && postText(post)).toBe("Deploying");
    expect(connector.counts()).toEqual({ posts: 1, edits: 1 });
  });

  test("another process edits and replies from a stored reference", async () => {
    const said = await connector.say("alex", "deploy production");
    const [message, post] = connector.thread(said.threadId);
    const activity = bot.activities[0];
    const reference = TurnContext.getConversationReference(activity ?? {});
    await bot.adapter.continueConversationAsync("", reference, async (context) => {
      await context.updateActivity({
        ...MessageFactory.attachment(card("Live")),
        id: post?.id ?? "",
      });
      const text = `<at>${alex.name}</at> production-40672 is live`;
      const entities = [
        {
          type: "mention",
          text: `<at>${alex.name}</at>`,
          mentioned: { id: alex.id, name: alex.name },
        },
      ];
      await context.sendActivity({ type: "message", text, entities });
    });
    const thread = connector.thread(said.threadId);
    expect(thread.map(({ id }) => id).slice(0, 2)).toEqual([message?.id, post?.id]);
    expect(thread.at(-1)?.latest.mentions).toEqual([{ id: alex.id, name: "Alex Wilber" }]);
    expect(thread.at(-1)?.latest.text).toContain("is live");
  });

  test("a thread of its own is created, and can be written to", async () => {
    const parameters = {
      isGroup: true,
      channelData: { channel: { id: channel.id } },
      activity: MessageFactory.text("Good morning"),
    };
    let started = "";
    // The adapter's types ask for a bot and a topic that Teams does not need.
    await bot.adapter.createConversationAsync(
      "",
      "msteams",
      connector.serviceUrl,
      "",
      { ...parameters, bot: omnibot } as never,
      async (context) => {
        started = context.activity.conversation.id;
        await context.sendActivity("and a reply");
      },
    );
    expect(rootOf(started)).toBe(connector.posts()[0]?.id);
    expect(connector.thread(started).map(({ latest }) => latest.text)).toEqual([
      "Good morning",
      "and a reply",
    ]);
  });

  test("the roster knows the five people by both of their ids", async () => {
    const found: unknown[] = [];
    turn = async (context) => {
      found.push(await TeamsInfo.getMember(context, context.activity.from.id));
      found.push(await TeamsInfo.getMember(context, megan.aadObjectId));
      const page = await TeamsInfo.getPagedMembers(context, 3);
      const rest = await TeamsInfo.getPagedMembers(context, 3, page.continuationToken);
      found.push([...page.members, ...rest.members].map(({ id }) => id));
      found.push((await TeamsInfo.getTeamDetails(context)).aadGroupId);
    };
    await connector.say("alex", "help");
    expect(found).toMatchObject([
      {
        name: "Alex Wilber",
        aadObjectId: alex.aadObjectId,
        userPrincipalName: alex.email,
        tenantId,
      },
      { name: "Megan Bowen", id: megan.id },
      people.map(({ id }) => id),
      team.aadGroupId,
    ]);
  });

  test("Teams delivers again, with the same id or a new one", async () => {
    const said = await connector.say("alex", "deploy production");
    const [, post] = connector.thread(said.threadId);
    const clicked = await connector.click("megan", post?.id ?? "", "approve");
    await connector.redeliver(said.messageId, "same-id");
    await connector.redeliver(clicked.id, "same-id");
    await connector.redeliver(clicked.id, "new-id");
    const ids = bot.activities.map((activity) => activity["id"]);
    expect(ids.slice(2, 4)).toEqual([said.messageId, clicked.id]);
    expect(ids[4]).toMatch(/^f:/);
    expect(ids[4]).not.toBe(clicked.id);
    expect(bot.activities[4]?.["value"]).toEqual(bot.activities[1]?.["value"]);
  });

  test("a bot that cannot be reached is a status, not an exception", async () => {
    await bot.close();
    const said = await connector.say("alex", "deploy production");
    expect([said.status, said.error]).toEqual([0, expect.stringContaining("fetch failed")]);
    bot = await startBot(echo);
  });

  test("a lost or refused answer can be injected", async () => {
    const said = await connector.say("alex", "deploy production");
    const url = `${connector.url}/v3/conversations/${encodeURIComponent(said.threadId)}/activities`;
    const post = () =>
      fetch(url, { method: "POST", body: JSON.stringify({ type: "message", text: "hello" }) }).then(
        ({ status }) => status,
        () => "lost",
      );
    connector.faults.push({ method: "POST", path: "/activities", times: 1, reset: "after" });
    connector.faults.push({
      method: "POST",
      path: "/activities",
      times: 1,
      answer: { status: 429, headers: { "retry-after": "1" } },
    });
    expect([await post(), await post(), await post()]).toEqual(["lost", 429, 201]);
    expect(connector.counts().posts).toBe(3);
  });

  test("other processes drive it by HTTP", async () => {
    const ask = async (path: string, body?: object) => {
      const how = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
      const response = await fetch(`${connector.url}/_sandbox/${path}`, how);
      return { status: response.status, json: JSON.parse(await response.text()) };
    };
    const said = await ask("say", { user: "alex", text: "deploy production", nbsp: true });
    expect(said).toMatchObject({ status: 200, json: { status: 200 } });
    const posts = await ask(`posts?thread=${encodeURIComponent(said.json.threadId)}`);
    expect(posts.json).toMatchObject([{ from: "Alex Wilber" }, { from: "omnibot", edits: 0 }]);
    const button = { user: "megan", activityId: posts.json[1].id, verb: "approve" };
    const clicked = await ask("click", button);
    expect(clicked.json).toMatchObject({ status: 200, body: { value: "Seen" } });
    const again = await ask("redeliver", { id: clicked.json.id, as: "same-id" });
    expect(again.json.status).toBe(200);
    const unknown = await ask("say", { user: "nobody", text: "x" });
    expect([unknown.status, unknown.json.message]).toEqual([
      400,
      "the sandbox knows nobody called nobody",
    ]);
    expect((await ask("people")).json).toHaveLength(5);
  });

  describe("refuses as Teams does", () => {
    const send = async (path: string, body: unknown, method = "POST") => {
      const response = await fetch(`${connector.url}/v3/conversations/${path}`, {
        method,
        body: JSON.stringify(body),
      });
      const text = await response.text();
      const code = text === "" ? undefined : JSON.parse(text).error?.code;
      return `${response.status} ${code ?? ""}`.trim();
    };
    const hello = { type: "message", text: "hello" };
    let activities: string;

    beforeEach(async () => {
      const { threadId } = await connector.say("alex", "deploy production");
      activities = `${encodeURIComponent(threadId)}/activities`;
    });

    test("more than 100 KB", async () => {
      const answer = await send(activities, { type: "message", text: "x".repeat(101 * 1024) });
      expect(answer).toBe("413 MessageSizeTooBig");
    });

    test("unknown conversations and activities", async () => {
      const nowhere = `${encodeURIComponent(`${channel.id};messageid=1`)}/activities`;
      expect(await send(nowhere, hello)).toBe("404 ConversationNotFound");
      expect(await send("19%3Aother%40thread.tacv2/activities", hello)).toBe(
        "404 ConversationNotFound",
      );
      expect(await send(`${activities}/1`, hello, "PUT")).toBe(
        "404 ActivityNotFoundInConversation",
      );
      expect(await send(`${activities}/1`, undefined, "DELETE")).toBe(
        "404 ActivityNotFoundInConversation",
      );
      const [theirs] = connector.posts();
      expect(await send(`${activities}/${theirs?.id}`, hello, "PUT")).toBe(
        "404 ActivityNotFoundInConversation",
      );
    });

    test("a mention whose text is not in the message or the card", async () => {
      const mention = {
        type: "mention",
        text: "<at>Alex</at>",
        mentioned: { id: alex.id, name: "Alex" },
      };
      expect(await send(activities, { ...hello, entities: [mention] })).toBe("400 BadSyntax");
      const content = { ...card("Hello <at>Alex</at>").content, msteams: { entities: [mention] } };
      const attachment = { contentType: "application/vnd.microsoft.card.adaptive", content };
      expect(await send(activities, { type: "message", attachments: [attachment] })).toBe("201");
      const unlike = { ...attachment, content: { ...content, body: [] } };
      expect(await send(activities, { type: "message", attachments: [unlike] })).toBe(
        "400 BadSyntax",
      );
    });

    test("what is no message", async () => {
      expect(await send(activities, { type: "message" })).toBe("400 BadSyntax");
      expect(await send(activities, { text: "x" })).toBe("400 BadSyntax");
    });

    test("a deleted post is gone, and text with a card gives no id to edit", async () => {
      const own = connector.posts().find((post) => post.fromBot);
      expect(await send(`${activities}/${own?.id}`, undefined, "DELETE")).toBe("200");
      expect(await send(`${activities}/${own?.id}`, hello, "PUT")).toBe(
        "404 ActivityNotFoundInConversation",
      );
      const both = { ...hello, attachments: [card("x")] };
      const response = await fetch(`${connector.url}/v3/conversations/${activities}`, {
        method: "POST",
        body: JSON.stringify(both),
      });
      expect(await response.json()).toEqual({});
      expect(connector.posts().slice(-2).map(postText)).toEqual(["hello", "x"]);
    });
  });
});

test("Teams takes seven requests in a second, and says how long to wait for the eighth", () => {
  const limit = new RateLimit(1);
  const taken = Array.from({ length: 7 }, (_, i) => limit.take(1000 + i));
  expect(taken.every((wait) => wait === undefined)).toBe(true);
  expect(limit.take(1010)).toBe(990);
  expect(limit.take(2001)).toBeUndefined();
  expect(limit.take(2002)).toBe(998);
});
