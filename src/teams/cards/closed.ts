import type { Approval, Deployment } from "../../deployment/deployment.ts";
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

interface Ending {
  readonly verdict: string;
  readonly what: string;
  readonly reason: string;
  readonly next: string;
}

/** The end of a request that changed nothing: who said no or stopped it, or that nobody answered. No buttons (P15). */
export function closedView(deployment: Deployment, context: CardContext): ClosedView {
  const { verdict, what, reason, next } = endingOf(deployment, context);
  const title = `${questionOf(deployment).slice(0, -1)}: ${verdict}`;
  return {
    id: deployment.id,
    title: escaped(title),
    intro: `${whoOf(deployment)} ${what}`,
    reason,
    next,
    summary: plain(title),
  };
}

function endingOf(deployment: Deployment, { timeZone }: CardContext): Ending {
  const { rejection, cancellation, state, progress } = deployment;
  const by = ({ person, at }: Approval, did: string) =>
    `**${escaped(person.name, 80)} ${did}** at ${timeOfDay(at, timeZone)}.`;
  if (state === "canceled" && cancellation !== undefined) {
    const left = progress.find((one) => one.state === "failed")?.sentence ?? "";
    return {
      verdict: "canceled",
      what: by(cancellation, "canceled it"),
      reason: "",
      next: escaped(left),
    };
  }
  if (rejection !== undefined) {
    const reason = escaped(rejection.reason, 200);
    return {
      verdict: "rejected",
      what: by(rejection, "rejected it"),
      reason,
      next: "Nothing was changed.",
    };
  }
  const ended = timeOfDay(deployment.expiresAt, timeZone);
  const what = `${causes.expired.sentence} It ended at ${ended}.`;
  return { verdict: "expired", what, reason: "", next: ours(causes.expired.remedy) };
}
