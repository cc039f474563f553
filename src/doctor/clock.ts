import type { Subject } from "./subject.ts";

/** The longest that a service may take, in milliseconds: it is only asked for its time. */
const patience = 5000;

/** How much this machine's clock is ahead of each service's that says its time, in milliseconds. */
export async function readSkews({ settings, config }: Subject): Promise<readonly number[]> {
  const addresses = Object.values(config.environments).flatMap(({ build, image }) => [
    build.organization,
    image.registry.startsWith("http") ? image.registry : `https://${image.registry}`,
  ]);
  const asked = new Set([settings.githubUrl ?? "https://api.github.com", ...addresses]);
  const skews = await Promise.all([...asked].map(readSkew));
  return skews.filter((skew) => skew !== undefined);
}

async function readSkew(address: string): Promise<number | undefined> {
  try {
    const before = Date.now();
    const signal = AbortSignal.timeout(patience);
    const answer = await fetch(address, { method: "HEAD", redirect: "manual", signal });
    const here = (before + Date.now()) / 2;
    await answer.body?.cancel();
    // To the second, and so half a second behind on average.
    const there = Date.parse(answer.headers.get("date") ?? "") + 500;
    return Number.isNaN(there) ? undefined : here - there;
  } catch {
    // That it does not answer is told by the checks that need it.
    return undefined;
  }
}
