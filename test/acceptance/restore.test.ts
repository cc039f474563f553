import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { alex, megan } from "../../sandbox/people.ts";
import { changesOf } from "./git.ts";
import { patience, startStory, stopStories, type Story } from "./harness.ts";

// Side by side, each in a world of its own: most of the time is waiting.
afterAll(stopStories);

/** As an operator does it, beside the running omnibot. */
function backUp(story: Story): string {
  const file = join(story.ledger, "../../ledger.backup");
  const { status, stderr } = spawnSync(process.execPath, ["src/backup.ts", file], {
    encoding: "utf8",
    env: { ...process.env, ...story.world.environment },
  });
  if (status !== 0) throw new Error(stderr);
  return file;
}

/** As docs/operating.md says: stop, put the copy there, start. */
async function restore(story: Story, file: string): Promise<void> {
  await story.kill();
  for (const rest of ["-wal", "-shm"]) rmSync(`${story.ledger}${rest}`, { force: true });
  copyFileSync(file, story.ledger);
  await story.restart();
}

test.concurrent(
  "P4 after a restore from the middle of a build, while the world went on to the end: nothing is done twice",
  async () => {
    const story = await startStory();
    const { azureDevOps } = story.world;
    await story.request(alex, "deploy production");
    await story.click(megan, "approve");
    await story.until("the run", () => azureDevOps.runs.length === 1);
    const file = backUp(story);
    await story.waitFor("@Alex Wilber production-40672 is live");
    expect(await story.ask(alex, "stats")).toMatch(/Figures of production[^]*1 live[^]*0 of 1/);

    await restore(story, file);
    const ends = () => story.audit().filter(({ action }) => action === "step-done:check-health");
    await story.until("the end, once more", () => ends().length === 1);
    expect(azureDevOps.runs).toHaveLength(1);
    expect(changesOf(story.world)).toEqual({ branches: 1, pullRequests: 1, merges: 1 });
    expect(story.cards()).toHaveLength(1);
  },
  patience,
);

test.concurrent(
  "P17 after a restore from before a request: what it shipped is noticed as a change past omnibot, and followed",
  async () => {
    const story = await startStory({ production: { gitops: { poll: "1s" } } });
    await story.ask(alex, "status");
    await story.until("the first look at the file", () =>
      story.world.github.journal.some(({ path }) => path.includes("per_page=30")),
    );
    const file = backUp(story);
    await story.request(alex, "deploy production");
    await story.click(megan, "approve");
    await story.waitFor("@Alex Wilber production-40672 is live");

    await restore(story, file);
    const actions = () => story.audit().map(({ action }) => action);
    await story.until("omnibot to notice", () => actions().includes("step-done:check-health"));
    expect(actions()).toContain("noticed");
    expect(changesOf(story.world)).toEqual({ branches: 1, pullRequests: 1, merges: 1 });
    expect(story.world.azureDevOps.runs).toHaveLength(1);
  },
  patience,
);
