import { cardText } from "../card-text.ts";
import { channel } from "../people.ts";

/** How a post looked at one time: as it was sent, or after an edit. */
export interface Version {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly text: string;
  readonly summary: string;
  /** The Adaptive Card; undefined where there is none. */
  readonly card: unknown;
  readonly mentions: readonly Mention[];
}

export interface Mention {
  readonly id: string;
  readonly name: string;
}

/** One post of a thread. What it shows now is `latest`. */
export interface Post {
  readonly id: string;
  readonly threadId: string;
  readonly from: string;
  readonly fromBot: boolean;
  readonly versions: readonly Version[];
  readonly latest: Version;
  /** How often it was edited. */
  readonly edits: number;
  readonly deletedAt: number | undefined;
}

interface Row {
  readonly id: string;
  readonly threadId: string;
  readonly from: string;
  readonly fromBot: boolean;
  readonly versions: [Version, ...Version[]];
  deletedAt: number | undefined;
}

/** The channel of the sandbox: its threads, their posts, and every edit. */
export class Threads {
  readonly #rows: Row[] = [];
  #lastId = 0;

  /** An id as Teams gives it: milliseconds since 1970, never twice. */
  nextId(): string {
    this.#lastId = Math.max(this.#lastId + 1, Date.now());
    return String(this.#lastId);
  }

  /** Adds a post; without `threadId` it begins a thread of its own. */
  add(post: {
    readonly id: string;
    readonly threadId?: string | undefined;
    readonly from: string;
    readonly fromBot: boolean;
    readonly version: Version;
  }): Post {
    const { id, from, fromBot, version } = post;
    const threadId = post.threadId ?? threadOf(id);
    const row: Row = { id, threadId, from, fromBot, versions: [version], deletedAt: undefined };
    this.#rows.push(row);
    return show(row);
  }

  find(id: string): Post | undefined {
    const row = this.#rows.find((one) => one.id === id);
    return row === undefined ? undefined : show(row);
  }

  /** Replaces what a post shows; undefined when it is not there or is somebody else's. */
  edit(threadId: string, id: string, version: Version): Post | undefined {
    const row = this.#own(threadId, id);
    row?.versions.push(version);
    return row === undefined ? undefined : show(row);
  }

  remove(threadId: string, id: string): boolean {
    const row = this.#own(threadId, id);
    if (row !== undefined) row.deletedAt = Date.now();
    return row !== undefined;
  }

  has(threadId: string): boolean {
    return this.#rows.some((row) => row.threadId === threadId);
  }

  /** The posts of a thread, or of all of them, in order. */
  list(threadId?: string): readonly Post[] {
    return this.#rows
      .filter((row) => threadId === undefined || row.threadId === threadId)
      .map(show);
  }

  #own(threadId: string, id: string): Row | undefined {
    const row = this.#rows.find(
      (one) => one.id === id && channelOf(one.threadId) === channelOf(threadId),
    );
    return row?.fromBot === true && row.deletedAt === undefined ? row : undefined;
  }
}

function show(row: Row): Post {
  const { id, threadId, from, fromBot, deletedAt } = row;
  const latest = row.versions.at(-1) ?? row.versions[0];
  const versions = [...row.versions];
  return { id, threadId, from, fromBot, versions, latest, edits: versions.length - 1, deletedAt };
}

/** The conversation that a post at the top of the channel begins. */
export function threadOf(rootId: string): string {
  return `${channel.id};messageid=${rootId}`;
}

export function channelOf(conversationId: string): string {
  return conversationId.split(";")[0] ?? "";
}

export function rootOf(conversationId: string): string | undefined {
  return /;messageid=(.+)$/.exec(conversationId)?.[1];
}

/** A post in words: its text, and its card below it. */
export function postText(post: Post): string {
  const { text, card } = post.latest;
  return [text, cardText(card)].filter((part) => part !== "").join("\n");
}

/** The conversation of one person with the bot. */
export function chatOf(user: string): string {
  return `a:${user}`;
}

export function isChat(conversationId: string): boolean {
  return conversationId.startsWith("a:");
}
