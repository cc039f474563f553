import { createHash } from "node:crypto";
import type { Logger } from "pino";
import type { Environment } from "../config/config.ts";
import { isWorkedOn, type Deployment, type Person } from "../deployment/deployment.ts";
import type { ThreadClaim } from "../deployment/ledger.ts";
import type { Clock } from "../deployment/ports.ts";
import { channelOf, isThread } from "./activity.ts";
import { renderCard } from "./cards/render.ts";
import { cardMessage, type Conversations, type Message } from "./conversations.ts";
import { mentioning, repliesOf } from "./replies.ts";
import type { Sent } from "./sent.ts";
import { TeamsError } from "./teams-error.ts";
import type { Buckets } from "./token-bucket.ts";

/** A claimed thread, and what it was sent so far; `sent` changes as messages go out. */
export interface Picture {
  claim: ThreadClaim;
  readonly sent: Sent;
  readonly environment: Environment;
  /** When the claim ends, unless it is kept. Milliseconds since 1970. */
  until: number;
}

export interface PainterOptions {
  readonly conversations: Conversations;
  readonly buckets: Buckets;
  readonly clock: Clock;
  readonly timeZone: string;
  readonly log: Logger;
  /** Saves `sent` in the ledger; false when somebody else took the thread over. */
  readonly keep: (picture: Picture) => Promise<boolean>;
  /** Tells that the card was drawn by somebody who was not to draw it any more. */
  readonly spoil: (picture: Picture) => Promise<void>;
}

/** Something has to wait, or is not ours any more; undefined when there is nothing left to do. */
export type Wait = { readonly milliseconds: number } | "lost" | undefined;

/** A card is edited at most this often, but for its last picture. */
const editInterval = 3000;
/** A card on which only times pass is edited this often. */
const freshness = 20_000;
/**
 * How long a card may be in doubt before it is posted again, twice as long after each post, and how often it is posted at
 * all. Without a card nobody can decide, so that a few copies are the smaller harm.
 */
const doubt = 20_000;
const mostPosts = 4;

/** Brings one thread up to date: first the card, then the replies. Throws TeamsError when a message did not go out. */
export function createPainter(options: PainterOptions): (picture: Picture) => Promise<Wait> {
  const { conversations, buckets, clock, log, keep, spoil } = options;

  return async (picture) => (await paintCard(picture)) ?? (await paintReplies(picture));

  async function paintCard(picture: Picture): Promise<Wait> {
    const { claim, sent, environment } = picture;
    const { deployment } = claim;
    const now = clock.now();
    const hash = hashOf(deployment, environment);
    const due = dueIn(sent, hash, deployment, now);
    if (due === "never") return undefined;
    if (due === "given up") {
      log.error(
        { deployment: deployment.key },
        "it is not certain that the card was posted; it is left alone",
      );
      sent.card = { state: "gone", posts: mostPosts, at: now };
      return undefined;
    }
    const wait = due > 0 ? due : buckets.take(channelOf(claim.conversation), now);
    if (wait > 0) return { milliseconds: wait };

    const { timeZone } = options;
    const message = cardMessage(renderCard(deployment, { environment, now, timeZone }));
    try {
      const { card } = sent;
      if (card?.state !== "sent") return await postCard(picture, message, hash);
      // A process that stood still must not draw over what another one has drawn meanwhile.
      if (clock.now() >= picture.until) return "lost";
      await conversations.edit(claim.reference, card.id, message);
      sent.card = { ...card, edited: true, hash, at: clock.now() };
      if (await keep(picture)) return undefined;
      await spoil(picture);
      return "lost";
    } catch (error) {
      // It may have arrived all the same, after the picture of whoever has the thread now.
      if (clock.now() >= picture.until) await spoil(picture);
      if (!isRefused(error)) throw error;
      // The next picture may fit; this one is not offered again, and the replies still have to go out.
      if (sent.card?.state === "sent") sent.card = { ...sent.card, hash, at: clock.now() };
      log.error(
        { deployment: deployment.key, status: error.status, why: error.message },
        "Teams refused the card",
      );
      return undefined;
    }
  }

  async function postCard(picture: Picture, message: Message, hash: string): Promise<Wait> {
    const { sent } = picture;
    const before = sent.card;
    const posts = (before?.posts ?? 0) + 1;
    sent.card = { state: "intent", posts, at: clock.now() };
    // A process that stood still since then has left the card in doubt: another one posts it after a while.
    if (!(await keep(picture)) || clock.now() >= picture.until) return "lost";
    try {
      const id = await postFirst(picture, message);
      sent.card = { state: "sent", id, posts, edited: false, hash, at: clock.now() };
    } catch (error) {
      // One that is refused is offered again later, as if it were in doubt, and not for ever.
      if (error instanceof TeamsError && error.effect === "none" && !isRefused(error))
        sent.card = before;
      throw error;
    }
    return (await keep(picture)) ? undefined : "lost";
  }

  /** Into its thread; what nobody asked for has none yet, and begins one in the channel. */
  async function postFirst(picture: Picture, message: Message): Promise<string> {
    const { claim } = picture;
    if (isThread(claim.conversation)) return conversations.post(claim.reference, message);
    const { id, conversation, reference } = await conversations.begin(claim.reference, message);
    picture.claim = { ...claim, conversation, reference };
    return id;
  }

  /** Those of them whom the roster tells. */
  async function peopleOf(reference: string, ids: readonly string[]): Promise<readonly Person[]> {
    const found = await Promise.all(
      ids.map(async (id) => {
        const name = await conversations.nameOf(reference, id).catch(() => undefined);
        return name === undefined ? [] : [{ id, name }];
      }),
    );
    return found.flat();
  }

  async function paintReplies(picture: Picture): Promise<Wait> {
    const { claim, sent, environment } = picture;
    for (const { name, message, to = [] } of repliesOf(claim.deployment, environment)) {
      // One that is in doubt is not said again: the card shows the same, and a person would read it twice.
      if (sent.replies[name] !== undefined) continue;
      const wait = buckets.take(channelOf(claim.conversation), clock.now());
      if (wait > 0) return { milliseconds: wait };
      sent.replies[name] = "intent";
      if (!(await keep(picture))) return "lost";
      try {
        const people = await peopleOf(claim.reference, to);
        // Nobody to be asked by name: the card asks everybody.
        if (to.length === 0 || people.length > 0) {
          const words = message.text ?? "";
          const addressed = people.length === 0 ? message : mentioning(people, words);
          await conversations.post(claim.reference, addressed);
        }
        sent.replies[name] = "sent";
      } catch (error) {
        if (error instanceof TeamsError && error.effect === "none" && !isRefused(error))
          delete sent.replies[name];
        throw error;
      }
      if (!(await keep(picture))) return "lost";
    }
    return undefined;
  }
}

/** In how many milliseconds the card is to be posted or edited. */
function dueIn(
  { card, replies }: Sent,
  hash: string,
  deployment: Deployment,
  now: number,
): number | "never" | "given up" {
  if (card === undefined) return 0;
  switch (card.state) {
    case "gone":
      return "never";
    case "intent":
      if (card.posts >= mostPosts) return "given up";
      return left(card.at, doubt * 2 ** (card.posts - 1), now);
    case "sent": {
      const final = !isWorkedOn(deployment);
      // The first edit brings what would ship, and the buttons: people wait for it.
      const news = deployment.state !== "active" && replies["end"] === undefined;
      const urgent = final || news || !card.edited;
      if (card.hash !== hash) return urgent ? 0 : left(card.at, editInterval, now);
      return !final && timePasses(deployment) && now >= card.at + freshness ? 0 : "never";
    }
  }
}

/** What is left of a time that began then, and never more than all of it: the clock may have been set back. */
function left(since: number, time: number, now: number): number {
  return Math.min(Math.max(0, since + time - now), time);
}

/** Whether times pass on the card: a step is running that is not a wait for people. */
function timePasses(deployment: Deployment): boolean {
  return deployment.progress.some((one) => one.state === "running" && one.step !== "approve");
}

/** What Teams will not take however often it is offered, other than "that is not there". */
function isRefused(error: unknown): error is TeamsError {
  return error instanceof TeamsError && error.trouble === "invalid" && error.status !== 404;
}

/** The card's content with the time standing still: what changes only because time passes is not a change. */
function hashOf(deployment: Deployment, environment: Environment): string {
  const { card } = renderCard(deployment, { environment, now: 0, timeZone: "UTC" });
  return createHash("sha256").update(JSON.stringify(card)).digest("base64url");
}
