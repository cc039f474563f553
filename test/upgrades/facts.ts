import type { Story } from "../acceptance/harness.ts";
import { git } from "../acceptance/git.ts";

/** What a ledger says of the world around it, by name: it is another one in every world. */
export type Facts = ReadonlyMap<string, string>;

/** Watches a story from its beginning, for the facts of its world; `key` is its deployment's. */
export function watchFacts(story: Story): (key: string) => Facts {
  const { world, teams } = story;
  const commits: Record<string, string | undefined> = { base: git(world, "rev-parse", "main") };
  world.github.onPush(({ branch, after }) => {
    if (after === undefined) return;
    if (branch === "main") commits["merge"] = after;
    else if (after !== commits["base"]) commits["head"] = after;
  });

  return (key) => {
    const image = world.registry.describe("omnispatial/web", "production-40672");
    const facts: Readonly<Record<string, string | undefined>> = {
      ...commits,
      key,
      message: story.thread().split("messageid=")[1],
      card: story.cards()[0]?.id,
      teams: teams.url,
      azure: world.azureDevOps.standIn.url,
      registry: world.registry.host,
      github: world.github.url,
      app: world.app.url,
      index: image?.digest,
      amd64: image?.platformDigests[0],
      arm64: image?.platformDigests[1],
    };
    return new Map(
      Object.entries(facts).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value]],
      ),
    );
  };
}
