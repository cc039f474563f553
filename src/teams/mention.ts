import { z } from "zod";
import type { IncomingActivity } from "./activity.ts";

const mention = z.looseObject({
  type: z.literal("mention"),
  text: z.string().nullish(),
  mentioned: z.looseObject({ id: z.string() }),
});

/** Whether the message mentions the bot: by the mention's id, since the text is the sender's to write. */
export function mentionsBot(activity: IncomingActivity): boolean {
  return botMentions(activity).length > 0;
}

/** What the message says without its mentions, as plain text on one line. */
export function textOf(activity: IncomingActivity): string {
  let text = activity.text ?? "";
  for (const one of botMentions(activity)) {
    if (typeof one.text === "string" && one.text !== "") text = text.replaceAll(one.text, " ");
  }
  // Tags go first: an encoded `&lt;at&gt;` is something that somebody wrote, not a mention. A tag ends where the next begins, so
  // that a text of nothing but beginnings is read once, not once for each (measured: seconds, for the longest message).
  return plain(
    decoded(
      text.replaceAll(/<at\b[^<>]*>[^<]*<\/at>/gi, " ").replaceAll(/<\/?[a-z][^<>]*>/gi, " "),
    ),
  );
}

/** Whether this is the bot itself. */
export function isBot(id: string, { recipient }: IncomingActivity): boolean {
  return bare(id) === bare(recipient.id);
}

function botMentions(activity: IncomingActivity): z.infer<typeof mention>[] {
  return (activity.entities ?? [])
    .map((entity) => mention.safeParse(entity).data)
    .filter((one) => one !== undefined)
    .filter((one) => isBot(one.mentioned.id, activity));
}

/** A bot's id with or without Teams' prefix: clients differ. */
function bare(id: string): string {
  return id.replace(/^28:/, "").toLowerCase();
}

const entities: Readonly<Record<string, string>> = {
  nbsp: " ",
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  "#39": "'",
  "#160": " ",
};

/** Decodes each entity once, in one pass: `&amp;lt;` stays `&lt;`. */
function decoded(text: string): string {
  return text.replaceAll(
    /&(nbsp|amp|lt|gt|quot|#39|#160);/gi,
    (whole, name: string) => entities[name.toLowerCase()] ?? whole,
  );
}

/** One form for what looks the same: full-width digits, non-breaking and zero-width spaces, line breaks. */
function plain(text: string): string {
  return text
    .normalize("NFKC")
    .replaceAll(/[\p{Cf}\u200B]/gu, "")
    .replaceAll(/[\s\p{Zs}\p{Cc}]+/gu, " ")
    .trim();
}
