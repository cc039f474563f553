import { alex, megan } from "../../sandbox/people.ts";
import { patience, startStory, stopStories } from "./harness.ts";

afterAll(stopStories);

test(
  "the log of a whole deployment, its troubles and its messages included, is found by one id, and tells its steps in order",
  async () => {
    const story = await startStory();
    const { registry, github } = story.world;
    await story.request(alex, "deploy production");
    registry.standIn.faults.push({ path: "/manifests/", times: 1, answer: { status: 503 } });
    story.teams.faults.push({
      method: "PUT",
      path: "/activities/",
      times: 1,
      answer: { status: 500 },
    });
    await story.click(megan, "approve");
    await story.waitFor("@Alex Wilber production-40672 is live");

    const [branch = ""] = github.journal.flatMap(
      ({ body }) => /omnibot\/([0-9a-f]{12})/.exec(body)?.[1] ?? [],
    );
    const lines = story
      .log()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
    const about = lines.filter(({ deployment }) => deployment !== undefined);
    expect(new Set(about.map(({ deployment }) => deployment))).toEqual(new Set([branch]));
    expect(about[0]).toMatchObject({ msg: "requested", number: 1, by: alex.aadObjectId });
    const steps = about.flatMap(({ msg, step }) => (msg === "next step" ? [step] : []));
    expect(steps).toEqual([
      "build",
      "verify-image",
      "open-change",
      "merge-change",
      "sync",
      "roll-out",
      "check-health",
    ]);
    const messages = about.map(({ msg }) => msg);
    for (const told of ["trouble; tries again", "the trouble is over", "a message did not go out"])
      expect(messages).toContain(told);
    expect(about.at(-1)?.msg === "ended" || messages.includes("ended")).toBe(true);
  },
  patience,
);

interface Line {
  readonly msg: string;
  readonly deployment?: unknown;
  readonly step?: string;
}
