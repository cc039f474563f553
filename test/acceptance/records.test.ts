import { alex, megan } from "../../sandbox/people.ts";
import { changesOf } from "./git.ts";
import { patience, startStory, stopStories } from "./harness.ts";

afterAll(stopStories);

test(
  "records on GitHub: one for each merge, also after a crash, a lost answer and an hour without GitHub's deployments",
  async () => {
    const story = await startStory({ production: { gitops: { records: true } } });
    const { github } = story.world;
    const states = () =>
      github.deployments.map(({ statuses }) => statuses.map(({ state }) => state).join(" "));
    // The answer to the first is lost: it is found, and not made again.
    github.faults.push({ method: "POST", path: "/deployments$", times: 1, reset: "after" });
    await story.request(alex, "deploy production");
    await story.click(megan, "approve");
    await story.until("the record", () => github.deployments.length > 0);
    await story.kill();
    await story.restart();
    await story.waitFor("@Alex Wilber production-40672 is live");
    await story.until("its success", () => states()[0]?.endsWith("success") === true);
    expect(github.deployments).toMatchObject([
      {
        environment: "production",
        description: expect.stringMatching(
          /^#1: production-40672 by Alex Wilber, approved by Megan Bowen$/,
        ),
      },
    ]);

    // While GitHub refuses them, a deployment goes on as ever.
    github.faults.push({ path: "/deployments", times: 1000, answer: { status: 500 } });
    await story.request(alex, "rollback 40655");
    await story.click(megan, "approve");
    await story.waitFor("@Alex Wilber production-40655 is live again");
    expect(github.deployments).toHaveLength(1);
    github.faults.length = 0;
    await story.kill();
    await story.restart();
    await story.until("the records of both", () => states().at(1)?.endsWith("success") === true);
    expect(states()[0]).toMatch(/success inactive$/);
    expect(states()[1]).toBe("success");
    expect(github.deployments).toHaveLength(2);
    expect(changesOf(story.world)).toEqual({ branches: 2, pullRequests: 2, merges: 2 });
  },
  patience,
);
