import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Config } from "../config/config.ts";
import type { ThreadClaim, Threads } from "../deployment/ledger.ts";
import type { Clock } from "../deployment/ports.ts";
import { channelOf } from "./activity.ts";
import type { Conversations } from "./conversations.ts";
import { createPainter, type Picture } from "./paint.ts";
import { readSent, writeSent, type Sent } from "./sent.ts";
import { TeamsError } from "./teams-error.ts";
import { createBuckets, type Pace } from "./token-bucket.ts";
import { environmentOf } from "./unconfigured.ts";

export interface ThreadOptions {
  readonly threads: Threads;
  readonly conversations: Conversations;
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  /** Name of this process in claims. */
  readonly owner?: string;
  /** How long a thread is held without a sign of life, in milliseconds. */
  readonly lease?: number;
  /** The longest sleep between two looks, in milliseconds. */
  readonly idle?: number;
  readonly pace?: Pace;
}

export interface Thread {
  /** Brings one thread that is due up to date; false when none is. */
  readonly look: () => Promise<boolean>;
  /** Looks until the signal, then ends with the threads in hand. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Something changed: look now. */
  readonly hint: () => void;
}

/** A claim outlives the slowest message (10 s) several times. */
const usualLease = 30_000;
const usualIdle = 1000;
/** So many threads are written to at the same time: one slow channel holds nobody up. */
const parallel = 3;
const defaultPace: Pace = { perSecond: 1, burst: 4 };
const backoff = { first: 2000, most: 60_000 };
/** So many failures in a row, over half a minute, are no mishap: that Teams shuts omnibot out, or has lost something. */
const failuresThatLast = 5;
/** How long omnibot tries to say how a deployment ended. */
const persistence = 24 * 60 * 60_000;

/** Shows every deployment's row in its thread: one card, edited in place, and the few replies that people need (P20). */
export function createThread(options: ThreadOptions): Thread {
  const { threads, conversations, config, clock, log, pace = defaultPace } = options;
  const { lease = usualLease, idle = usualIdle } = options;
  const owner = options.owner ?? `thread-${randomUUID()}`;
  const { timeZone } = config.teams;
  const buckets = createBuckets(pace);
  const paint = createPainter({ conversations, buckets, clock, timeZone, log, keep, spoil });
  const sleepers = new Set<() => void>();

  return { look, run, hint };

  async function look(): Promise<boolean> {
    const now = clock.now();
    const claim = await threads.claimThread(owner, now, now + lease);
    if (claim === undefined) return false;
    const sent = readSent(claim.sent);
    if (sent.dropped !== undefined) {
      await release(claim, sent, "shown");
      return true;
    }
    const environment = environmentOf(claim.deployment.environment, config);
    const picture = { claim, sent, environment, until: now + lease };
    if (claim.spoiled === true && sent.card?.state === "sent") sent.card.hash = "";
    try {
      const wait = await paint(picture);
      sent.failures = 0;
      if (wait !== "lost") await release(claim, sent, wait ?? "shown");
    } catch (error) {
      if (!(error instanceof TeamsError)) throw error;
      await release(claim, sent, afterFailure(picture, error));
    }
    return true;
  }

  async function keep(picture: Picture): Promise<boolean> {
    const until = clock.now() + lease;
    const kept = await threads.keepThread(picture.claim, writeSent(picture.sent), until);
    if (kept) picture.until = until;
    return kept;
  }

  function spoil({ claim }: Picture): Promise<void> {
    return threads.spoilThread(claim.deployment.id);
  }

  type When = "shown" | { readonly milliseconds: number };

  async function release(claim: ThreadClaim, sent: Sent, when: When): Promise<void> {
    if (when === "shown") sent.revision = claim.revision;
    const nextAt = clock.now() + (when === "shown" ? 0 : when.milliseconds);
    await threads.releaseThread(claim, writeSent(sent), sent.revision, nextAt);
  }

  /** When to try again after a message did not go out, if ever. */
  function afterFailure({ claim, sent }: Picture, error: TeamsError): When {
    const { deployment, conversation } = claim;
    const about = { deployment: deployment.key, status: error.status, why: error.message };
    const now = clock.now();
    sent.failures += 1;
    const lasting = sent.failures >= failuresThatLast;
    if (error.status === 404 && sent.card?.state === "sent" && lasting) {
      log.warn(about, "the card is not there any more");
      const { posts } = sent.card;
      // Somebody may still have to decide; of one that is over, the replies tell.
      sent.card = { state: deployment.state === "active" ? "intent" : "gone", posts, at: now };
      sent.failures = 0;
      return { milliseconds: 0 };
    }
    const tooLate = deployment.endedAt !== undefined && now - deployment.endedAt > persistence;
    if (((error.status === 403 || error.status === 404) && lasting) || tooLate) {
      log.error(about, "the thread cannot be written to; it is left alone");
      sent.dropped = error.message;
      return "shown";
    }
    const pause =
      error.retryAfter ?? Math.min(backoff.first * 2 ** (sent.failures - 1), backoff.most);
    if (error.trouble === "throttled") buckets.block(channelOf(conversation), now + pause, now);
    log.warn({ ...about, pause }, "a message did not go out");
    return { milliseconds: pause };
  }

  async function run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", hint, { once: true });
    await Promise.all(Array.from({ length: parallel }, () => lookOn(signal)));
  }

  async function lookOn(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const more = await look().catch((error: unknown) => {
        log.error({ err: error }, "a thread could not be shown");
        return false;
      });
      if (!more && !signal.aborted) await rest();
    }
  }

  /** Until a hint, or for a while. */
  function rest(): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, idle);
      sleepers.add(wake);
    });
  }

  function hint(): void {
    for (const wake of sleepers) wake();
  }
}
