import { renderChoice, renderChosen } from "../../../src/teams/cards/choice.ts";
import { renderStats } from "../../../src/teams/cards/stats.ts";
import { renderHelp } from "../../../src/teams/cards/help.ts";
import { renderHistory } from "../../../src/teams/cards/history.ts";
import { renderCard, type Rendered } from "../../../src/teams/cards/render.ts";
import { renderDeployment, renderStatus } from "../../../src/teams/cards/status.ts";
import { renderWelcome } from "../../../src/teams/cards/welcome.ts";
import type { Card } from "../../../src/teams/cards/template.ts";
import { context, everyState, production } from "./deployments.ts";
import { goodBuilds, newest, statuses } from "./statuses.ts";

const nothing = {
  days: 30,
  live: 0,
  rollbacks: 0,
  byHand: 0,
  leadTime: undefined,
  merged: 0,
  failed: 0,
  timeToRestore: undefined,
};
const figures = {
  days: 30,
  live: 14,
  rollbacks: 1,
  byHand: 2,
  leadTime: 26 * 60 * 60_000,
  merged: 15,
  failed: 2,
  timeToRestore: 14 * 60_000,
};

/** A card as people may see it. */
export interface Sample {
  readonly name: string;
  readonly card: Card;
  /** The button that was pressed, where that unfolds something. */
  readonly press?: string | undefined;
}

/** Every card in every state that matters: what the tests judge, and what `npm run cards` paints. */
export function everyCard(): readonly Sample[] {
  const environments = { production };
  const statusContext = { ...context, environments };
  const { waiting, live, crashed } = everyState;
  return [
    ...Object.entries(everyState).map(([name, row]) => sample(name, renderCard(row, context))),
    sample("waiting, Reject pressed", renderCard(waiting, context), "Reject"),
    sample("live, Evidence pressed", renderCard(live, context), "Evidence"),
    ...Object.entries(statuses).map(([name, all]) =>
      sample(`status, ${name}`, renderStatus(all, statusContext)),
    ),
    sample("status of one that is live", renderDeployment(live, context)),
    sample("status of one that failed", renderDeployment(crashed, context)),
    sample("history", renderHistory(newest, context)),
    sample("history, empty", renderHistory([], context)),
    sample("rollback, which build", renderChoice(goodBuilds, context)),
    sample("rollback, no build known", renderChoice([], context)),
    sample("rollback, chosen", renderChosen(everyState["rolling back"])),
    sample("stats", renderStats([figures, { ...figures, days: 90 }], production)),
    sample("stats, nothing yet", renderStats([nothing], production)),
    sample("help", renderHelp(environments)),
    sample("help, in private", renderHelp(environments, { inPrivate: true })),
    sample("welcome", renderWelcome(environments)),
  ];
}

function sample(name: string, { card }: Rendered, press?: string): Sample {
  return { name, card, press };
}
