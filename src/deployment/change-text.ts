import type { Deployment, Person } from "./deployment.ts";

export interface ChangeText {
  readonly title: string;
  /** Message of the commit on the branch: title, sentence, trailers. */
  readonly commit: string;
  /** Body of the pull request, Markdown. */
  readonly body: string;
  /** Message of the merge commit, without its title. */
  readonly merge: string;
}

/** What Git will say for ever about this deployment: who asked, who approved, from which commit and run. */
export function changeText(deployment: Deployment, tag: string): ChangeText {
  const verb = deployment.kind === "rollback" ? "Roll back" : "Deploy";
  const title = `${verb} ${deployment.environment} to ${tag}`;
  const trailers = [
    `Requested-by: ${identity(deployment.requester)}`,
    ...deployment.approvals.map((approval) => `Approved-by: ${identity(approval.person)}`),
    ...(deployment.evidence.run === undefined
      ? []
      : [`Built-from: ${deployment.evidence.run.commit}`]),
    ...(deployment.evidence.image === undefined
      ? []
      : [`Image-digest: ${deployment.evidence.image.digest}`]),
    `Omnibot-Deployment: ${deployment.key}`,
  ];
  const sentence = `Replaces ${deployment.evidence.proposal?.liveTag ?? "the tag before"}. Deployment #${deployment.id} of omnibot.`;
  const message = `${sentence}\n\n${trailers.join("\n")}`;
  return {
    title,
    commit: `${title}\n\n${message}`,
    body: `${sentence}\n\n${trailers.map((line) => `    ${line}`).join("\n")}\n`,
    merge: message,
  };
}

/** A name and an id that fit on one line of a trailer, whatever somebody called themselves. */
function identity(person: Person): string {
  const name = person.name
    .replaceAll(/[\p{Cc}\p{Cf}<>]+/gu, " ")
    .trim()
    .slice(0, 80);
  return `${name} <${person.id}>`;
}
