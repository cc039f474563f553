import { chainOf, type ChainLink } from "../../deployment/chain.ts";
import type { Deployment } from "../../deployment/deployment.ts";
import { linked } from "./link.ts";
import { marks, type Row } from "./rows.ts";
import { escaped } from "./text.ts";
import { timeOfDay } from "./time.ts";
import type { CardContext } from "./words.ts";

/** One link of the chain: what is known, below it when and by whom. */
export interface ChainRow extends Pick<Row, "mark" | "color" | "word" | "detail"> {
  readonly seen: string;
}

export type ChainContext = Pick<CardContext, "environment" | "timeZone">;

/** The whole chain of evidence of a deployment. */
export function chainRows(deployment: Deployment, context: ChainContext): readonly ChainRow[] {
  return chainOf(deployment).map((link) => ({
    ...marks[markOfState[link.state]],
    word: link.title,
    detail: detailOf(link, context),
    seen: seenOf(link, context),
  }));
}

const markOfState = { proven: "done", broken: "failed", open: "pending" } as const;

function detailOf({ label, url, words }: ChainLink, { environment }: ChainContext): string {
  const said = escaped(words, 300);
  return label === undefined ? said : `${linked(label, url, environment)} ${said}`;
}

function seenOf({ at, source }: ChainLink, { timeZone }: ChainContext): string {
  if (at === undefined) return "";
  const by = source === undefined ? "" : `, ${escaped(source, 120)}`;
  return `${timeOfDay(at, timeZone, "seconds")}${by}`;
}
