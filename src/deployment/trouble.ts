import { atMost } from "./at-most.ts";
import type { CauseCode } from "./causes.ts";
import type { Claim, Trouble, TroubleKind } from "./ledger.ts";
import { ServiceError, type Service } from "./service-error.ts";
import { waiting, type Outcome } from "./step.ts";

/** How long a service may refuse omnibot, or omnibot may fail by a bug, before that is the end. Milliseconds. */
const patience = 2 * 60_000;
/** No service asks for more patience than this (ms); a longer pause comes from a clock that was set back. */
const longestPause = 15 * 60_000;

/** How long a service still wants to be left alone, in milliseconds; 0 where it may be asked. */
export function pauseLeft(trouble: Trouble | undefined, now: number): number {
  const left = (trouble?.notBefore ?? 0) - now;
  return left > 0 && left <= longestPause ? left : 0;
}

/** What is wrong stays wrong; everything else is tried again, as long as it may, and the card says how long that is. */
export function troubled(
  error: unknown,
  claim: Claim,
  now: number,
  lateAt: number,
): { readonly outcome: Outcome; readonly trouble: Trouble } {
  const known = error instanceof ServiceError ? error : undefined;
  const message =
    known?.message ?? "omnibot met a situation that it does not know; its log says more";
  const kind = known?.trouble ?? "bug";
  const before = claim.trouble;
  const trouble: Trouble = {
    kind,
    // Patience with one kind of trouble is not used up by another.
    since: before !== undefined && (before.kind ?? kind) === kind ? before.since : now,
    count: (before?.count ?? 0) + 1,
    message,
    ...byService(known?.service),
    ...(known?.retryAfter === undefined ? {} : { notBefore: now + known.retryAfter }),
  };
  const impatient = codeOfImpatience[kind];
  const end = impatient === undefined ? lateAt : Math.min(trouble.since + patience, lateAt);
  if (kind === "invalid" || (impatient !== undefined && now >= trouble.since + patience)) {
    const code = impatient ?? "service-refused";
    const failed = { code, detail: message, ...byService(known?.service), evidence: {} };
    return { outcome: { type: "failed", ...failed }, trouble };
  }
  const after = Math.max(backOff(trouble.count), known?.retryAfter ?? 0);
  const sentence = `${asSentence(message)} Tries again${soon(after)}, for ${atMost(end - now)} at most.`;
  return { outcome: waiting({ seconds: after / 1000 }, sentence), trouble };
}

/** Who is not allowed in may be in a moment, but not much later; who does not answer has the step's whole deadline. */
const codeOfImpatience: Readonly<Partial<Record<TroubleKind, CauseCode>>> = {
  bug: "internal-error",
  denied: "service-denied",
};

export function byService(service: Service | undefined): { readonly service?: Service } {
  return service === undefined ? {} : { service };
}

export function asSentence(words: string): string {
  return /[.!?…]$/.test(words) ? words : `${words}.`;
}

/** Short pauses are not worth a word that changes every time. */
function soon(after: number): string {
  return after < 60_000 ? "" : ` in ${atMost(after)}`;
}

/** 1, 2, 4 … 30 seconds, each up to a quarter longer so that many rows do not come back as one. */
function backOff(count: number): number {
  const base = Math.min(1000 * 2 ** (count - 1), 30_000);
  return base + Math.round(Math.random() * (base / 4));
}
