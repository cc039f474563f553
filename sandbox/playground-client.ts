import { cardActions } from "./card-text.ts";
import { bot, channel, type SandboxPerson } from "./people.ts";

/** A message of the bot as the Playground shows it now. */
export interface PlaygroundPost {
  readonly id: string;
  /** Conversation with its thread. */
  readonly conversation: string;
  readonly text: string;
  readonly card: unknown;
}

export interface PlaygroundClient {
  /** The bot's posts of every thread, in order, as they look now. */
  readonly posts: readonly PlaygroundPost[];
  /** Called after every post and edit. */
  onChange(listener: (post: PlaygroundPost) => void): void;
  /** Writes in the channel, mentioning omnibot; returns the thread. */
  say(person: SandboxPerson, text: string): Promise<string>;
  /** Clicks a button, with what was written into the fields of the card; returns the words that only the clicker sees, or an empty text when the card changed. */
  click(
    person: SandboxPerson,
    post: PlaygroundPost,
    verb: string,
    inputs?: Readonly<Record<string, string>>,
  ): Promise<string>;
  close(): void;
}

const patience = 30_000;

/**
 * Acts as any person of the Playground, whose page always acts as one. Its page's own routes and event stream are used
 * (seen in version 0.2.28; they are not documented, hence the pinned version).
 */
export async function connectPlayground(url: string): Promise<PlaygroundClient> {
  const posts: PlaygroundPost[] = [];
  const listeners: ((post: PlaygroundPost) => void)[] = [];
  const stream = new WebSocket(
    `${url.replace(/^http/, "ws")}/_ws_conversation/v1/conversations/stream`,
  );
  stream.addEventListener("message", (event) => take(String(event.data)));
  await opened(stream);

  function take(text: string): void {
    const post = readEvent(text);
    if (post === undefined) return;
    const at = posts.findIndex(
      (one) => one.id === post.id && one.conversation === post.conversation,
    );
    if (at < 0) posts.push(post);
    else posts[at] = post;
    for (const listener of listeners) listener(post);
  }

  async function call(path: string, body: object): Promise<unknown> {
    const answer = await fetch(url + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(patience),
    });
    const read = await answer.text();
    if (!answer.ok)
      throw new Error(`the Playground answered ${answer.status}: ${read.slice(0, 300)}`);
    return read === "" ? undefined : JSON.parse(read);
  }

  return {
    posts,
    onChange: (listener) => void listeners.push(listener),
    async say(person, text) {
      const mention = `<at>${bot.name}</at>`;
      const answer = await call(
        `/_conversation/v1/conversations/${encodeURIComponent(channel.id)}/messages`,
        {
          text: `${mention} ${text}`,
          textFormat: "plain",
          from: { id: person.id },
          mentions: [{ mentioned: { id: bot.id }, text: mention }],
        },
      );
      return field(answer, "postConversationId");
    },
    async click(person, post, verb, inputs = {}) {
      const button = cardActions(post.card).find((action) => action.verb === verb);
      if (button === undefined) throw new Error(`the card has no button "${verb}"`);
      const answer = await call("/_conversation/v1/invoke", {
        name: "adaptiveCard/action",
        value: {
          action: { type: "Action.Execute", verb, data: { ...toObject(button.data), ...inputs } },
        },
        from: { id: person.id },
        conversation: { id: post.conversation },
        replyToId: post.id,
      });
      return field(answer, "value");
    },
    close: () => stream.close(),
  };
}

async function opened(stream: WebSocket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.addEventListener("open", () => resolve(), { once: true });
    stream.addEventListener(
      "error",
      () => reject(new Error("the Playground's stream cannot be opened")),
      { once: true },
    );
  });
}

/** The post of a create or update event; undefined for everything else. */
function readEvent(text: string): PlaygroundPost | undefined {
  const event = JSON.parse(text) as {
    readonly actionConversationId?: string;
    readonly message?: {
      readonly messageId?: string;
      readonly text?: string;
      readonly attachments?: readonly { readonly content?: unknown }[];
    };
  };
  const { message, actionConversationId: conversation } = event;
  if (message?.messageId === undefined || conversation === undefined) return undefined;
  return {
    id: message.messageId,
    conversation,
    text: message.text ?? "",
    card: message.attachments?.[0]?.content,
  };
}

function toObject(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

function field(answer: unknown, name: string): string {
  const value =
    typeof answer === "object" && answer !== null && name in answer
      ? Reflect.get(answer, name)
      : undefined;
  return typeof value === "string" ? value : "";
}
