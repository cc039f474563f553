import { z } from "zod";
import type { Version } from "./threads.ts";

const entity = z.object({
  type: z.string(),
  text: z.string().optional(),
  mentioned: z.object({ id: z.string(), name: z.string().optional() }).optional(),
});

const card = z.looseObject({
  msteams: z.looseObject({ entities: z.array(entity).optional() }).optional(),
});

/** What a bot sends. */
export const sentActivity = z.object({
  type: z.string(),
  text: z.string().nullish(),
  summary: z.string().nullish(),
  entities: z.array(entity).nullish(),
  attachments: z.array(z.object({ contentType: z.string(), content: z.unknown() })).nullish(),
  replyToId: z.string().nullish(),
});

export type SentActivity = z.infer<typeof sentActivity>;

export const cardType = "application/vnd.microsoft.card.adaptive";

/** Why Teams would refuse what a bot sends; undefined when it would not. */
export function refusalOf(activity: SentActivity): string | undefined {
  if (activity.type === "typing") return undefined;
  if (activity.type !== "message") return `Activity type ${activity.type} is not supported`;
  const found = findCard(activity);
  const text = activity.text ?? "";
  if (text === "" && (activity.attachments ?? []).length === 0)
    return "Activity resulted into multiple skype activities: empty message";
  const wrong = unmatched(activity.entities ?? [], text);
  if (wrong !== undefined) return `Mention text ${wrong} is not in the message text`;
  if (found === undefined) return undefined;
  const parsed = card.safeParse(found);
  if (!parsed.success || parsed.data["type"] !== "AdaptiveCard")
    return "The card is not an Adaptive Card";
  const missing = unmatched(parsed.data.msteams?.entities ?? [], wordsOf(parsed.data["body"]));
  return missing === undefined ? undefined : `Mention text ${missing} is not in the card`;
}

/** What the post will show. */
export function readVersion(activity: SentActivity, at: number): Version {
  const found = findCard(activity);
  const parsed = card.safeParse(found);
  const inCard = parsed.success ? (parsed.data.msteams?.entities ?? []) : [];
  const mentions = [...(activity.entities ?? []), ...inCard].flatMap(({ type, mentioned }) =>
    type === "mention" && mentioned !== undefined
      ? [{ id: mentioned.id, name: mentioned.name ?? "" }]
      : [],
  );
  return { at, text: activity.text ?? "", summary: activity.summary ?? "", card: found, mentions };
}

export function findCard(activity: SentActivity): unknown {
  return activity.attachments?.find(({ contentType }) => contentType === cardType)?.content;
}

function unmatched(entities: readonly z.infer<typeof entity>[], words: string): string | undefined {
  const mention = entities.find(
    (one) =>
      one.type === "mention" &&
      (one.mentioned === undefined || one.text === undefined || !words.includes(one.text)),
  );
  return mention === undefined ? undefined : (mention.text ?? "(none)");
}

/** Every string of a card, wherever it stands. */
function wordsOf(value: unknown): string {
  if (typeof value === "string") return `${value}\n`;
  if (typeof value !== "object" || value === null) return "";
  return Object.values(value).map(wordsOf).join("");
}
