import { alex, megan } from "../../sandbox/people.ts";
import { explainingRights, neededRights, pokingRight } from "../../src/cluster/rights.ts";
import { rbac, type Wish } from "../infra/manifests.ts";
import { patience, startStory, stopStories } from "./harness.ts";

describe("the rights of infra/kubernetes", () => {
  afterAll(stopStories);

  test(
    "are enough for a failure that is explained, and for the way back",
    async () => {
      const granted = rbac("access", "poke");
      // The sandbox's source is called gitops; the role names one as `flux bootstrap` calls it.
      const allowed = (wish: Wish) =>
        granted({ ...wish, name: wish.name === "gitops" ? "flux-system" : wish.name });
      const refused: Wish[] = [];
      const used = new Set<string>();
      const story = await startStory({
        scenario: "crash-loop",
        authorize: (wish) => {
          if (allowed(wish)) used.add(`${wish.verb} ${wish.resource}`);
          else refused.push(wish);
          return allowed(wish);
        },
      });
      await story.request(alex, "deploy production");
      await story.click(megan, "approve");
      await story.waitFor("@Alex Wilber production-40672 is not live");
      expect(story.threadText()).toContain("TILE_CACHE_URL is not set");

      await story.request(alex, "rollback production 40655");
      await story.click(megan, "approve");
      await story.waitFor("@Alex Wilber production-40655 is live again");
      await story.ask(alex, "status");

      expect(refused).toEqual([]);
      for (const right of ["patch gitrepositories", "get pods/log", "watch pods"])
        expect(used).toContain(right);
      // What is used, the doctor asks for before.
      const flux = "flux-system";
      const places = {
        release: "omnispatial",
        kustomization: flux,
        source: { namespace: flux, name: "gitops" },
        workloads: "omnispatial",
      };
      const asked = [...neededRights(places), ...explainingRights(places), pokingRight(places)];
      const known = new Set(asked.map(({ verb, resource }) => `${verb} ${resource}`));
      expect([...used].filter((right) => !known.has(right))).toEqual([]);
    },
    patience,
  );
});
