import type { Part } from "./part.ts";
import { firstAnswer } from "./parts/first-answer.ts";
import { ownShare } from "./parts/own-share.ts";
import { start } from "./parts/start.ts";
import { steps } from "./parts/steps.ts";

/** In the order in which they are measured. */
export const parts: readonly Part[] = [firstAnswer, ownShare, steps, start];
