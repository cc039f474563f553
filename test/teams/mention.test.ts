import { incomingActivity, type IncomingActivity } from "../../src/teams/activity.ts";
import { parseCommand } from "../../src/teams/command.ts";
import { mentionsBot, textOf } from "../../src/teams/mention.ts";

const bot = { id: "28:5f0c3b7e", name: "omnibot" };
const mention = { type: "mention", text: "<at>omnibot</at>", mentioned: bot };

function message(
  text: string | undefined,
  entities: readonly unknown[] | null = [mention],
): IncomingActivity {
  return incomingActivity.parse({
    type: "message",
    id: "1",
    channelId: "msteams",
    serviceUrl: "https://smba.trafficmanager.net/emea/",
    from: { id: "29:alex" },
    recipient: bot,
    conversation: { id: "19:x@thread.tacv2;messageid=1" },
    text,
    entities,
  });
}

describe("the text of a message", () => {
  test.each([
    "\r\n<at>omnibot</at> deploy production\r\n",
    "<at>omnibot</at>&nbsp;deploy\u00a0production",
    "deploy production <at>omnibot</at>",
    "<at>omnibot</at> <at>omnibot</at> deploy\nproduction",
    "<at>omnibot</at> deploy production <at>Megan Bowen</at>",
    "<at>omnibot</at> <b>deploy</b> production",
    "<at>omnibot</at> deploy\u200b production.",
    '<at id="0">omnibot</at> deploy production',
  ])("%j asks to deploy production", (text) => {
    expect(parseCommand(textOf(message(text)))).toEqual({
      type: "deploy",
      environment: "production",
      build: undefined,
    });
  });

  test("a tag that somebody wrote out stays text", () => {
    expect(textOf(message("<at>omnibot</at> help &lt;at&gt;x&lt;/at&gt; &amp;lt;"))).toBe(
      "help <at>x</at> &lt;",
    );
  });

  test("a message without text is empty", () => {
    expect(textOf(message(undefined))).toBe("");
  });
});

describe("a mention of the bot", () => {
  test("is known by its id, not by its text", () => {
    expect(mentionsBot(message("<at>omnibot</at> deploy"))).toBe(true);
    expect(mentionsBot(message("<at>omnibot</at> deploy", []))).toBe(false);
    expect(mentionsBot(message("<at>omnibot</at> deploy", null))).toBe(false);
    expect(
      mentionsBot(message("deploy", [{ ...mention, mentioned: { id: "29:megan" } }, "junk", null])),
    ).toBe(false);
    expect(
      mentionsBot(message("deploy", [{ ...mention, text: null, mentioned: { id: "5F0C3B7E" } }])),
    ).toBe(true);
  });
});
