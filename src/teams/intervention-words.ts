import type { InterventionAnswer } from "../deployment/interventions.ts";
import { uncheckedWords } from "./cards/permission-words.ts";
import { capital, escaped } from "./cards/text.ts";

/** What came of `cancel` or `retry`; undefined where it was said before. The deployment's own thread tells the rest. Markdown. */
export function interventionWords(
  answer: InterventionAnswer,
  verb: "cancel" | "retry",
): string | undefined {
  if (answer.state === "repeated") return undefined;
  if (answer.state === "unknown") return unknown(answer.id, verb);
  const { id, environment, failure } = answer.deployment;
  const number = `#${id}`;
  switch (answer.state) {
    case "canceling":
      return `omnibot stops ${number}; its card shows what could be stopped.`;
    case "retrying":
      return `omnibot tries ${number} again, from the step that failed. Its card shows how it goes.`;
    case "unchecked":
      return uncheckedWords;
    case "not-permitted":
      return `Who asked for ${number} may ${verb} it, and whom the configuration of ${escaped(environment, 60)} names: **help** says it.`;
    case "ended":
      return `${number} has ended already; there is nothing to stop.`;
    case "too-late":
      return `${number} is merged: Git wants it, and omnibot follows it to the end. **rollback ${escaped(environment, 60)}** goes back.`;
    case "not-failed":
      return `${number} has no failed step to try again. **deploy ${escaped(environment, 60)}** begins anew.`;
    case "not-newest":
      return `${number} is not the newest of ${escaped(environment, 60)} any more. **deploy ${escaped(environment, 60)}** begins anew.`;
    case "build-failed":
      return `The run of ${number} has failed, and stays so. Mend the cause and write **deploy ${escaped(environment, 60)}**: that builds anew.`;
    case "too-old":
      return `${capital(failure === undefined ? number : `${number} failed`)} more than a day ago; what was approved then is asked for again with **deploy ${escaped(environment, 60)}**.`;
    case "busy":
      return `${escaped(environment, 60)} is busy with ${number}. Try again when that has ended.`;
  }
}

function unknown(id: number | undefined, verb: "cancel" | "retry"): string {
  if (id !== undefined) return `There is no deployment #${id} here. **status** shows the newest.`;
  return verb === "cancel"
    ? "Nothing is in work, or more than one thing. **cancel #128** says which; **status** shows the numbers."
    : "Which one? **retry #128** says it; **status** shows the numbers.";
}
