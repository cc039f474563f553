import { sandboxToken } from "../../sandbox/github/github.ts";
import type { Deployment, Evidence } from "../../src/deployment/deployment.ts";
import { currentStep } from "../../src/deployment/transitions.ts";
import type { Stage } from "./stage.ts";

/** For good, as long as a story lasts. */
export const always = 1e9;

/** The deployment of the story, as it was saved last. */
export function saved(stage: Stage): Deployment | undefined {
  return [...stage.saved.values()].at(-1);
}

/** Whether a link of the evidence is known. */
export function hasProven(link: keyof Evidence): (stage: Stage) => boolean {
  return (stage) => saved(stage)?.evidence[link] !== undefined;
}

/** Whether the step that is under way says this. */
export function says(words: string): (stage: Stage) => boolean {
  return (stage) => {
    const deployment = saved(stage);
    return deployment !== undefined && currentStep(deployment)?.sentence?.includes(words) === true;
  };
}

/** Changes a section of the environment in omnibot.yaml, key by key. */
export function having(
  section: string,
  change: object,
): (production: Record<string, unknown>) => void {
  return (production) => {
    production[section] = { ...Object(production[section]), ...change };
  };
}

/** The most that a step may take. */
export function within(deadlines: Readonly<Record<string, string>>) {
  return having("deadlines", deadlines);
}

/** An answer of a service that stays. */
export function answering(status: number, json: object) {
  return {
    times: always,
    answer: {
      status,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: JSON.stringify(json),
    },
  };
}

/** Somebody does something on GitHub by hand. */
export async function onGitHub(
  { world }: Stage,
  method: string,
  path: string,
  body: object,
): Promise<void> {
  const response = await fetch(`${world.github.url}/repos/omnispatial/gitops${path}`, {
    method,
    headers: { authorization: `Bearer ${sandboxToken}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}`);
}

/** The branch of the story's deployment. */
export function branchOf(stage: Stage): string {
  return `omnibot/${saved(stage)?.key ?? ""}`;
}
