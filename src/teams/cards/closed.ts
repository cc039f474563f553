import type { Deployment } from "../../deployment/deployment.ts";
import { causes } from "../../deployment/causes.ts";
import { questionOf } from "./request.ts";
import { escaped, ours, plain } from "./text.ts";
import { timeOfDay } from "./time.ts";
import { whoOf, type CardContext } from "./words.ts";

export interface ClosedView {
  readonly id: number;
  readonly title: string;
  readonly intro: string;
  readonly reason: string;
  readonly next: string;
  readonly summary: string;
}

/** The end of a request that was not approved: who said no and why, or that nobody answered. No buttons (P15). */
export function closedView(deployment: Deployment, context: CardContext): ClosedView {
  const { rejection } = deployment;
  const verdict = rejection === undefined ? "expired" : "rejected";
  const title = `${questionOf(deployment).slice(0, -1)}: ${verdict}`;
  const at = timeOfDay(rejection?.at ?? deployment.expiresAt, context.timeZone);
  return {
    id: deployment.id,
    title: escaped(title),
    intro:
      rejection === undefined
        ? `${whoOf(deployment)} ${causes.expired.sentence} It ended at ${at}.`
        : `${whoOf(deployment)} **${escaped(rejection.person.name, 80)} rejected it** at ${at}.`,
    reason: rejection === undefined ? "" : escaped(rejection.reason, 200),
    next: rejection === undefined ? ours(causes.expired.remedy) : "Nothing was changed.",
    summary: plain(title),
  };
}
