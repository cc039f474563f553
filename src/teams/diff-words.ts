import type { Environment } from "../config/config.ts";
import { causes } from "../deployment/causes.ts";
import type { Proposal } from "../deployment/deployment.ts";
import type { Bad } from "../deployment/ports.ts";
import { linked } from "./cards/link.ts";
import { count, escaped, ours } from "./cards/text.ts";
import { short } from "./cards/words.ts";

const shownCommits = 10;

/** What a deployment would ship now. Markdown. */
export function diffWords(proposal: Proposal | Bad, environment: Environment): string {
  const name = escaped(environment.name, 60);
  if ("code" in proposal) {
    return `What would ship to ${name} cannot be told: ${ours(causes[proposal.code].sentence)} ${escaped(proposal.detail, 200)}`;
  }
  const { commit, branch = environment.build.branch, liveTag, changes, changeCount } = proposal;
  const { changesAtLeast, changesUrl } = proposal;
  const head =
    commit === undefined ? "" : ` at ${linked(short(commit.id), commit.url, environment)}`;
  const amount = changeCount ?? changes?.length;
  const live = escaped(liveTag, 80);
  const what =
    amount === undefined
      ? `Live is ${live}; which commits lie between is not known.`
      : amount === 0
        ? `Nothing new: ${live} was built from that commit.`
        : `${changesAtLeast === true ? "At least " : ""}${count(amount, "commit")} since ${live}:`;
  const lines = (changes ?? []).slice(0, shownCommits).map((one) => {
    const [subject = ""] = (one.message ?? "").split("\n");
    const author = one.author === undefined ? "" : ` · ${escaped(one.author, 60)}`;
    return `- ${linked(short(one.id), one.url, environment)} ${escaped(subject, 100)}${author}`;
  });
  const left = (amount ?? 0) - lines.length;
  const rest = linked(changesAtLeast === true ? "more" : `${left} more`, changesUrl, environment);
  const more = lines.length > 0 && left > 0 ? [`- and ${rest}`] : [];
  return [
    `**deploy ${name}** would ship **${escaped(branch)}**${head}. ${what}`,
    ...lines,
    ...more,
  ].join("\n");
}
