import { alex, megan } from "../../sandbox/people.ts";
import { changesOf, releaseFile } from "./git.ts";
import { patience, startStory, stopStories, type Story } from "./harness.ts";

describe("before anything begins", () => {
  let story: Story;

  beforeAll(async () => {
    story = await startStory();
  }, patience);

  afterAll(stopStories);

  test(
    "what stands in the way is on the card, and people decide all the same",
    async () => {
      const { world } = story;
      world.azureDevOps.controls.mayQueue = false;
      world.github.rules.checks.set("kubeconform", "success");
      world.github.rules.reviews = { required: 1, given: 1 };
      world.kubernetes.store.update("kustomizations", "flux-system", "operations", (draft) => {
        draft.spec.suspend = true;
      });

      await world.github.pushCommit({
        path: releaseFile,
        edit: (file) => `${file}    job:\n      image: omnispatial/web:production-40655\n`,
        message: "Run the nightly job with the same image",
      });

      await story.request(alex, "deploy production");
      const text = story.threadText();
      expect(text).toContain(
        '⚠ The merge has to wait for the check "kubeconform", which main requires.',
      );
      expect(text).toContain("⚠ The merge has to wait for a review on GitHub");
      expect(text).toContain("⚠ Kustomization operations is suspended: nothing is applied until");
      expect(text).toContain("⚠ omnibot may not queue runs of pipeline 12");
      expect(text).toMatch(/⚠ production-40655 stands in line \d+ of .*helm-release.yaml too/);

      await story.click(megan, "approve");
      await story.waitFor("@Alex Wilber Nothing was deployed to production");
      expect(story.threadText()).toContain("omnibot may not start this pipeline.");
      expect(story.threadText()).toContain("needs Queue builds permissions");
      expect(changesOf(world)).toEqual({ branches: 0, pullRequests: 0, merges: 0 });
    },
    patience,
  );

  test(
    "neighbours that hang are named, and the card comes",
    async () => {
      const { world } = story;
      const hang = (path: string) => ({ method: "GET", path, times: 1000, hang: true }) as const;
      world.github.faults.push(hang("/rules/branches/"));
      world.kubernetes.standIn.faults.push(hang("/helmreleases"));
      await story.request(alex, "deploy production");
      expect(story.threadText()).toMatch(
        /Could not be checked: .*the cluster \(no answer in 5 sec/,
      );
      expect(story.threadText()).toContain("the rules of main (no answer in 4 seconds)");
      await story.click(megan, "reject", { reason: "Not now" });
    },
    patience,
  );
});
