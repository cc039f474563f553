import { z } from "zod";
import type { BuildConfig } from "../config/config.ts";
import type { WorkItem } from "../deployment/deployment.ts";
import { firstWords } from "../deployment/words.ts";
import { workItemsAnswer } from "./devops-answers.ts";
import { within, type DevOps } from "./devops.ts";

/** The most work items that are told. */
const most = 10;

/** How long (ms) their titles may take: a card with the numbers alone is better than a late one. */
const patience = 2000;

const id = z.int().positive();

/** The work items of these numbers, without their titles where those cannot be read. Never fails. */
export async function readWorkItems(
  devOps: DevOps,
  config: BuildConfig,
  numbers: readonly number[],
): Promise<readonly WorkItem[]> {
  const ids = [...new Set(numbers)].filter((one) => id.safeParse(one).success).slice(0, most);
  if (ids.length === 0) return [];
  const titles = await readTitles(devOps, config, ids);
  const organization = config.organization.replace(/\/+$/, "");
  return ids.map((one) => {
    const title = titles.get(one);
    return {
      id: one,
      ...(title === undefined ? {} : { title }),
      url: `${organization}/${encodeURIComponent(config.project)}/_workitems/edit/${one}`,
    };
  });
}

async function readTitles(
  devOps: DevOps,
  { project }: BuildConfig,
  ids: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const path = `${encodeURIComponent(project)}/_apis/wit/workitems?ids=${ids.join(",")}&fields=System.Title&errorPolicy=omit&api-version=7.1`;
  try {
    const asked = devOps.read(workItemsAnswer, (apis) => apis.get(path));
    const answer = await within(patience, asked);
    return new Map(
      (answer?.value ?? []).flatMap((one) => {
        const title = firstWords(one?.fields?.["System.Title"] ?? "");
        return one === null || title === "" ? [] : [[one.id, title] as const];
      }),
    );
  } catch {
    // The right to read work items is one that omnibot can do without.
    return new Map();
  }
}
