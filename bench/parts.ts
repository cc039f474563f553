import type { Part } from "./part.ts";
import { cost } from "./parts/cost.ts";
import { firstAnswer } from "./parts/first-answer.ts";
import { ownShare } from "./parts/own-share.ts";
import { reaction } from "./parts/reaction.ts";
import { scale } from "./parts/scale.ts";
import { start } from "./parts/start.ts";
import { steps } from "./parts/steps.ts";

/** In the order in which they are measured. */
export const parts: readonly Part[] = [firstAnswer, reaction, ownShare, steps, scale, cost, start];
