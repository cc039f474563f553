import { postText } from "../../sandbox/bot-connector/threads.ts";
import { alex } from "../../sandbox/people.ts";
import { imageRepository } from "../../sandbox/world.ts";
import type { Before } from "./findings.ts";
import type { Place } from "./place.ts";
import type { Kind } from "./story-plan.ts";
import type { DeploymentLine } from "./witness.ts";

/** Whoever asked steps in, and asks again where nobody answers: stops the deployment, or has its failed step tried again. */
export interface Errand {
  /** Says what is to be said now, if anything, about the deployment as it is. */
  look(line: DeploymentLine | undefined): Promise<void>;
  isDone(): boolean;
}

/** Somebody who gets no answer says it again after this, in milliseconds. */
const secondThought = 4000;
const answers =
  /omnibot (stops|tries) #|has ended already|has no failed step|is merged: Git wants it/;

export function createErrand(place: Place, kind: Kind, before: Before): Errand {
  const verb = kind === "retry" ? "retry" : "cancel";
  const { teams, world } = place;
  let done = kind !== "retry" && kind !== "cancel" && kind !== "withdraw";
  let threads: readonly string[] = [];
  let again = 0;

  /** Whether there is something to stop, or to try again. */
  function isDue(line: DeploymentLine): boolean {
    // Nobody tries again what nobody was told to have failed.
    if (kind === "retry") return line.state === "failed" && line.shown >= line.revision;
    if (kind === "cancel") return world.azureDevOps.runs.length > before.runs;
    return world.github.journal
      .slice(before.journal)
      .some(
        ({ method, path, status }) => method === "POST" && path.endsWith("/pulls") && status < 300,
      );
  }

  /** What was missing is there now. */
  function heal(): void {
    const run = world.azureDevOps.runs[before.runs];
    if (kind === "retry" && run !== undefined)
      world.registry.push(imageRepository, `production-${run.id}`, {
        scenario: "success",
        commit: run.commit,
      });
  }

  return {
    isDone: () => done,
    async look(line) {
      if (done || line === undefined) return;
      const said = threads.flatMap((thread) => teams.thread(thread).filter((post) => post.fromBot));
      done = said.some((post) => answers.test(postText(post)));
      if (done || Date.now() < again || (threads.length === 0 && !isDue(line))) return;
      if (threads.length === 0) heal();
      again = Date.now() + secondThought;
      const { threadId } = await teams.say(alex, `${verb} #${line.id}`);
      threads = [...threads, threadId];
    },
  };
}
