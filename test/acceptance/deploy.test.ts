import { adele, alex, channel, megan } from "../../sandbox/people.ts";
import { imageRepository } from "../../sandbox/world.ts";
import { changesOf, git, releaseFile } from "./git.ts";
import { patience, startStory, stopStories, type Story } from "./harness.ts";
import { mostEdits } from "./quiet.ts";

describe("a deployment", () => {
  let story: Story;
  let approved: { readonly commit: string };

  beforeAll(async () => {
    story = await startStory();
    const { azureDevOps } = story.world;
    await story.request(alex, "deploy production");
    approved = { commit: headOf(story) };
    await story.click(megan, "approve");
    // Whatever is pushed after the approval does not ship.
    azureDevOps.pushCommit({ message: "Not approved", author: "diego" });
    await story.waitFor("@Alex Wilber production-40672 is live");
  }, patience);

  afterAll(stopStories);

  test("is told in its thread: one card that becomes the result, and a reply to whom asked", () => {
    const [message, card, ...replies] = story.teams.thread(story.thread());
    expect(message).toMatchObject({ from: "Alex Wilber" });
    expect(card?.edits).toBeGreaterThan(1);
    expect(story.cards()).toEqual([card]);
    expect(story.buttons()).toEqual([]);
    expect(story.threadText()).toMatch(
      /production-40672 is live {2}#1\nAlex Wilber asked, Megan Bowen approved\. 3 commits in/,
    );
    expect(story.threadText()).toContain("Replaced production-40655");
    expect(replies.at(-1)?.latest.mentions).toEqual([
      { id: alex.aadObjectId, name: "Alex Wilber" },
    ]);
  });

  test("shows its steps on the way, in the runbook's order", () => {
    const shown = story.textsOfCard().join("\n");
    expect(shown).toContain("Deploy to production?");
    expect(shown).toContain("Waiting for one approval");
    expect(shown).toMatch(
      /Approve[^]*Build[^]*Image[^]*Change[^]*Merge[^]*Flux[^]*Pods[^]*Health/i,
    );
  });

  test("P7 what was approved is what was built, merged, and runs", async () => {
    const { world } = story;
    expect(world.azureDevOps.runs).toMatchObject([
      { id: 40672, commit: approved.commit, result: "succeeded" },
    ]);
    expect(git(world, "show", `main:${releaseFile}`)).toContain("tag: production-40672");
    const release = world.kubernetes.store.get("helmreleases", "omnispatial", "omnispatial-web");
    expect(JSON.stringify(release?.spec)).toContain("production-40672");

    const digest = world.registry.describe(imageRepository, "production-40672")?.digest;
    expect(digest).toMatch(/^sha256:/);
    const pods = world.kubernetes.store.list("pods", "omnispatial");
    const images = pods.flatMap((pod) => pod.status.containerStatuses?.map((one) => one.imageID));
    expect(images).toHaveLength(3);
    expect(images.every((image) => image?.endsWith(digest ?? "nothing"))).toBe(true);
    const health = await fetch(`${world.app.url}/healthz`);
    expect(await health.json()).toMatchObject({ version: "production-40672" });
  });

  test("P10 the whole chain of evidence is told to whoever asks, and is what the world itself says", async () => {
    const { world } = story;
    const chain = await story.ask(adele, "status #1");
    const merge = git(world, "rev-parse", "main").slice(0, 7);
    const digest = world.registry.describe(imageRepository, "production-40672")?.digest ?? "none";
    const release = world.kubernetes.store.get("helmreleases", "omnispatial", "omnispatial-web");
    const generation = release?.metadata.generation ?? 0;
    const pods = world.kubernetes.store.list("pods", "omnispatial").map((pod) => pod.metadata.name);
    for (const link of [
      `Commit  ${approved.commit.slice(0, 7)} is what was shown`,
      "Approval  by Megan Bowen",
      `Build  run 40672 built ${approved.commit.slice(0, 7)}`,
      `Image  production-40672 is ${digest.slice(0, 13)}`,
      "Change  pull request 871 production-40655 to production-40672",
      `Merge  ${merge} is on the branch`,
      `Flux  applied main@${merge}, the merge itself, generation ${generation}`,
      `of generation ${generation}`,
      `Pods  3 of 3 ready on ${digest.slice(0, 13)}`,
      "Health  web well",
    ]) {
      expect(chain).toContain(link);
    }
    for (const pod of pods) expect(chain).toContain(pod);
    expect(chain.match(/\d\d:\d\d:\d\d, /g)).toHaveLength(10);
  });

  test("P9 Git changed in one line of one file, with who asked and who approved", () => {
    const { world } = story;
    expect(git(world, "show", "--numstat", "--format=", "main")).toBe(`1\t1\t${releaseFile}`);
    const lines = git(world, "show", "--unified=0", "--format=", "main").split("\n");
    expect(lines.filter((line) => /^[-+](?![-+])/.test(line)).map(withoutSpace)).toEqual([
      "-tag: production-40655 # the build that is live",
      "+tag: production-40672 # the build that is live",
    ]);
    const message = git(world, "show", "--no-patch", "--format=%B", "main");
    expect(message).toContain(`Requested-by: Alex Wilber <${alex.aadObjectId}>`);
    expect(message).toContain(`Approved-by: Megan Bowen <${megan.aadObjectId}>`);
    expect(message).toMatch(/^Omnibot-Deployment: [0-9a-f]{12}$/m);
    expect(changesOf(world)).toEqual({ branches: 1, pullRequests: 1, merges: 1 });
    expect(git(world, "branch", "--list", "omnibot/*")).toBe("");
  });

  test("P12 the audit trail names everything in order, each decision and intent before its effect", () => {
    const trail = story.audit();
    const actions = trail.map((line) => `${line.actor}: ${line.action}`);
    expect(actions).toEqual([
      "Alex Wilber: requested",
      "Megan Bowen: approved",
      "omnibot: step-done:approve",
      "omnibot: intent:start-run",
      "omnibot: done:start-run",
      "omnibot: step-done:build",
      "omnibot: step-done:verify-image",
      "omnibot: intent:create-branch",
      "omnibot: done:create-branch",
      "omnibot: intent:commit-tag",
      "omnibot: done:commit-tag",
      "omnibot: intent:open-pull-request",
      "omnibot: done:open-pull-request",
      "omnibot: step-done:open-change",
      "omnibot: intent:merge",
      "omnibot: done:merge",
      "omnibot: step-done:merge-change",
      "omnibot: intent:poke-flux",
      "omnibot: done:poke-flux",
      "omnibot: step-done:sync",
      "omnibot: step-done:roll-out",
      "omnibot: step-done:check-health",
    ]);
    const factsOf = (action: string) => trail.find((line) => line.action === action)?.facts;
    expect(factsOf("approved")).toMatchObject({ commit: approved.commit });
    expect(factsOf("done:start-run")).toMatchObject({ result: { id: 40672 } });
    expect(factsOf("step-done:verify-image")).toMatchObject({
      image: { digest: story.world.registry.describe(imageRepository, "production-40672")?.digest },
    });
    expect(factsOf("done:open-pull-request")).toMatchObject({ result: { number: 871 } });

    const { azureDevOps, github } = story.world;
    expect(effectAt(azureDevOps.standIn.journal, "POST", /\/runs/)).toBeGreaterThanOrEqual(
      timeOf(trail, "intent:start-run"),
    );
    expect(effectAt(github.journal, "POST", /\/pulls$/)).toBeGreaterThanOrEqual(
      timeOf(trail, "intent:open-pull-request"),
    );
  });

  test("P13 no secret is in the thread or in the log", () => {
    const { environment } = story.world;
    const secrets = [environment["GITHUB_TOKEN"], environment["IDENTITY_HEADER"]];
    for (const secret of secrets) {
      expect(secret).toMatch(/.{8}/);
      expect(story.log()).not.toContain(secret);
      expect(JSON.stringify(story.teams.posts())).not.toContain(secret);
    }
    expect(story.log()).not.toMatch(/bearer |eyJ/i);
  });

  test("P20 a whole deployment is at most four posts, and an edit every three seconds, beside those that people wait for", () => {
    const posts = story.teams.thread(story.thread()).filter((post) => post.fromBot);
    expect(posts.length).toBeLessThanOrEqual(4);
    expect(posts.reduce((sum, { edits }) => sum + edits, 0)).toBeLessThanOrEqual(
      mostEdits(story.cards()),
    );
    expect(story.teams.posts().every((post) => post.threadId.startsWith(channel.id))).toBe(true);
  });
});

/** The commit that the card showed when it asked. */
function headOf(story: Story): string {
  const page = JSON.stringify(story.cards()[0]?.latest.card);
  const commit = /commit\/([0-9a-f]{40})/.exec(page)?.[1];
  if (commit === undefined) throw new Error(`the card shows no commit\n${page}`);
  return commit;
}

function withoutSpace(line: string): string {
  return line.slice(0, 1) + line.slice(1).trim();
}

function timeOf(trail: ReturnType<Story["audit"]>, action: string): number {
  return trail.find((line) => line.action === action)?.at ?? Number.NaN;
}

function effectAt(
  journal: readonly { readonly at: number; readonly method: string; readonly path: string }[],
  method: string,
  path: RegExp,
): number {
  return journal.find((one) => one.method === method && path.test(one.path))?.at ?? Number.NaN;
}
