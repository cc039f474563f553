import type { Post } from "../../sandbox/bot-connector/threads.ts";

/** A card is edited every three seconds at most; the times here are those of arrival. Milliseconds. */
const interval = 2500;

/** So many edits a quiet thread may have in the time that it took (P20): besides, its first one, its last, and its outcome. */
export function mostEdits(cards: readonly Post[]): number {
  const spans = cards.map(({ versions, latest }) => latest.at - (versions[0]?.at ?? latest.at));
  return spans.reduce((sum, span) => sum + 3 + Math.floor(span / interval), 0);
}
