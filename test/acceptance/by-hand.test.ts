import { postText, type Post } from "../../sandbox/bot-connector/threads.ts";
import { adele, alex, channel, diego, megan } from "../../sandbox/people.ts";
import { changesOf, git, releaseFile } from "./git.ts";
import { patience, startStory, stopStories, type Story, type StoryOptions } from "./harness.ts";

afterEach(stopStories);

/** A story in a channel in which omnibot was spoken to, and has seen the file. */
async function begin(options: StoryOptions = {}): Promise<Story> {
  const story = await startStory({ production: { gitops: { poll: "1s" } }, ...options });
  await story.ask(adele, "status");
  await story.until("the first look at the file", () => looks(story) > 0);
  return story;
}

function looks({ world }: Story): number {
  return world.github.journal.filter(({ path }) => /\/commits\?.*per_page=30/.test(path)).length;
}

function setTag(story: Story, tag: string, message = "By hand"): Promise<string> {
  const edit = (text: string) => text.replace(/production-\d+/, tag);
  return story.world.github.pushCommit({ path: releaseFile, edit, message, author: diego });
}

const usual = 30_000;

/** The threads that omnibot began by itself. */
function ownThreads({ teams }: Story): readonly Post[] {
  return teams.posts().filter((post) => post.fromBot && post.threadId.endsWith(`=${post.id}`));
}

function told(story: Story): string {
  const words = ownThreads(story)
    .flatMap(({ threadId }) => story.teams.thread(threadId))
    .map(postText);
  return words.join("\n").replaceAll("**", "");
}

async function untilTold(story: Story, wanted: string): Promise<string> {
  await story.until(`omnibot to tell by itself: ${wanted}`, () => told(story).includes(wanted));
  return told(story);
}

test(
  "P17 changes by hand are told once each, with who and what, and followed like a deployment",
  async () => {
    const story = await begin();
    const { world, teams } = story;
    const commit = await setTag(story, "production-40641");
    await untilTold(story, "production-40641 is live, put there by hand");
    const [card, ...others] = ownThreads(story);
    expect(others).toEqual([]);
    expect(card?.threadId.startsWith(channel.id)).toBe(true);
    // One card, edited in place, and no reply: nobody asked.
    expect(teams.thread(card?.threadId ?? "")).toHaveLength(1);
    const shown = card?.versions.map((one) => JSON.stringify(one.card)).join("\n") ?? "";
    expect(shown).toContain("production-40641 was put into Git by hand");
    expect(shown).toContain(commit);
    expect(told(story)).toContain(
      "diego-siciliani changed production-40655 to production-40641 in Git, past omnibot.",
    );
    expect(await story.askForAll(adele, "status")).toMatch(
      /Git wants production-40641, (for|since) .*, by diego-siciliani, past omnibot\.[^]*3 of 3 ready on 40641[^]*Last: #1, production-40641, went live/,
    );
    expect(await story.ask(adele, "status #1")).toMatch(
      /By hand {2}[0-9a-f]{7} by diego-siciliani, production-40655 to production-40641[^]*Image {2}production-40641 is sha256[^]*Flux {2}applied main@[0-9a-f]{7}, the merge itself[^]*Pods {2}3 of 3 ready/,
    );
    expect(story.audit().map(({ action }) => action)).toEqual([
      "noticed",
      "step-done:observe",
      "step-done:verify-image",
      "step-done:sync",
      "step-done:roll-out",
      "step-done:check-health",
    ]);

    // While a request waits for its approval.
    await story.request(alex, "rollback 40655");
    await setTag(story, "production-40612");
    await untilTold(story, "diego-siciliani changed production-40641 to production-40612");
    await story.click(megan, "approve");
    await story.waitFor("Approved was to replace production-40641, now Git wants production-40612");
    expect(git(world, "show", `main:${releaseFile}`)).toContain("production-40612");
    expect(changesOf(world)).toEqual({ branches: 0, pullRequests: 0, merges: 0 });

    // To what is not in the registry, and while omnibot is down.
    await story.kill();
    await setTag(story, "production-99999");
    await story.restart();
    expect(await untilTold(story, "production-99999 is not live")).toContain(
      "omnispatial/web:production-99999 is not in",
    );

    // In a way that nobody can use.
    const edit = (text: string) => text.replace("  values:", "\tvalues: [");
    await world.github.pushCommit({ path: releaseFile, edit, message: "Oops", author: diego });
    const broken = await untilTold(story, "The HelmRelease file is not valid YAML.");
    expect(broken).toContain("The file of production cannot be used any more");
    expect(broken).toContain("diego-siciliani changed the file so that it cannot be used");
    expect(ownThreads(story)).toHaveLength(4);
  },
  2 * patience,
);

test(
  "P17 what omnibot merges itself is never told as a change by hand",
  async () => {
    const story = await begin();
    await story.request(alex, "rollback 40641");
    await story.click(megan, "approve");
    await story.waitFor("@Alex Wilber production-40641 is live again");
    const before = looks(story);
    await story.until("two more looks", () => looks(story) >= before + 2);
    expect(ownThreads(story)).toEqual([]);
  },
  patience,
);

test(
  "P17 killed around the post, a change is told again at most, and followed as one",
  async () => {
    const story = await begin();
    const { faults } = story.teams;
    const lost = { method: "POST", path: "/v3/conversations$", times: 1, hang: "after" as const };
    faults.push(lost);
    await setTag(story, "production-40641");
    await story.until("the post", () => lost.times === 0 && ownThreads(story).length === 1);
    await story.kill();
    await story.restart();
    const isKnown = (post: Post) => postText(post).includes("is live, put there by hand");
    await story.until("a card that is known", () => ownThreads(story).some(isKnown), 2 * usual);
    expect(ownThreads(story)).toHaveLength(2);
    expect(story.audit().filter(({ action }) => action === "noticed")).toHaveLength(1);
  },
  patience,
);

test(
  "P17 a deployment in work that is overtaken says so, and by whom; the other one is followed",
  async () => {
    const story = await begin({ scenario: "slow" });
    await story.request(alex, "deploy production");
    await story.click(megan, "approve");
    await story.until("the merge", () => changesOf(story.world).merges === 1);
    await setTag(story, "production-40641");
    await story.waitFor("@Alex Wilber production-40672 is not live");
    expect(story.threadText()).toMatch(
      /Another tag took over before this one was live\. diego-siciliani put production-40641 into Git after that, in [0-9a-f]{7}\./,
    );
    await untilTold(story, "production-40641 is live, put there by hand");
    expect(ownThreads(story)).toHaveLength(1);
  },
  patience,
);
