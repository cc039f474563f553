import type { IncomingActivity } from "./activity.ts";
import { cardMessage, referenceOf, type Conversations } from "./conversations.ts";
import type { Rendered } from "./cards/render.ts";
import type { Errands } from "./errands.ts";

/** Gives the card on which somebody clicked its last picture, once: everybody sees it then, not the clicker alone. */
export type Redraw = (
  activity: IncomingActivity,
  picture: Rendered,
  afterwards?: () => Promise<void>,
) => void;

export interface RedrawOptions {
  readonly conversations: Pick<Conversations, "edit">;
  readonly errands: Errands;
}

const mostRemembered = 1000;

export function createRedraw({ conversations, errands }: RedrawOptions): Redraw {
  const drawn = new Set<string>();

  return function redraw(activity, picture, afterwards = () => Promise.resolve()) {
    const { replyToId } = activity;
    if (typeof replyToId !== "string" || drawn.has(replyToId)) return;
    if (drawn.size >= mostRemembered) drawn.clear();
    drawn.add(replyToId);
    errands.add("a card that was clicked", async () => {
      try {
        await conversations.edit(referenceOf(activity), replyToId, cardMessage(picture));
      } catch (error) {
        // The next click tries again.
        drawn.delete(replyToId);
        throw error;
      } finally {
        await afterwards();
      }
    });
  };
}
