import { adele, alex, diego, lee, megan } from "../../sandbox/people.ts";
import { patience, startStory, stopStories, type Story } from "./harness.ts";

const approvers = "6d8e0f3a-1c52-4b7d-9e64-2a9f5b3c7d10";
const operators = "6d8e0f3a-1c52-4b7d-9e64-2a9f5b3c7d11";

describe("P2 who may do what, by users and groups of Entra", () => {
  let story: Story;

  beforeAll(async () => {
    story = await startStory({
      production: {
        approval: { approvers: [`group:${approvers}`] },
        override: [megan.aadObjectId],
        permissions: {
          deploy: [alex.aadObjectId, adele.aadObjectId],
          rollback: [`group:${operators}`],
          lock: [`group:${operators}`],
          block: [adele.aadObjectId],
        },
      },
    });
    const { groups } = story.world.graph;
    // Operators approve as well: a group in a group.
    groups.set(operators, new Set([megan.aadObjectId]));
    groups.set(approvers, new Set([operators, alex.aadObjectId]));
  }, patience);

  afterAll(stopStories);

  function refusals(): readonly string[] {
    return story
      .audit()
      .filter(({ action }) => action.startsWith("refused:"))
      .map(({ actor, action, facts }) => `${actor} ${action} ${String(facts["because"])}`);
  }

  test(
    "is refused to others at the request, each by its own rule, and help says the rules",
    async () => {
      expect(await story.ask(diego, "deploy production")).toContain(
        "You are not among the people who may deploy to production. Nothing was done",
      );
      expect(await story.ask(alex, "rollback production 40641")).toContain(
        "may roll back production",
      );
      expect(await story.ask(alex, "lock production mine")).toContain("may lock production");
      expect(await story.ask(megan, "block 40641 tiles")).toContain(
        "may block builds of every environment",
      );
      expect(await story.ask(alex, "deploy production override: it burns")).toContain(
        "go past locks",
      );
      expect(await story.ask(diego, "help")).toContain(
        "one approval from one group, never from who asked, within 1 h. Only some may: deploy 2 people; rollback one group; lock one group; block one person; override one person.",
      );
      expect(refusals()).toEqual([
        "Diego Siciliani refused:request not-permitted",
        "Alex Wilber refused:request not-permitted",
        "Alex Wilber refused:lock not-permitted",
        "Megan Bowen refused:block not-permitted",
        "Alex Wilber refused:request override-not-permitted",
      ]);
    },
    patience,
  );

  test(
    "P1 is asked at the click: a group does not make the requester an approver, and who is in none is none",
    async () => {
      await story.request(alex, "deploy production");
      expect(await story.click(alex, "approve")).toContain(
        "You asked for this deployment yourself",
      );
      expect(await story.click(lee, "approve")).toContain("not among the people who may decide");
      story.world.graph.standIn.faults.push({
        path: "/checkMemberGroups",
        times: 1,
        answer: { status: 503 },
      });
      expect(await story.click(megan, "approve")).toContain(
        "omnibot could not check with Entra whether you may do that, so nothing was done",
      );
      expect(refusals().slice(-3)).toEqual([
        "Alex Wilber refused:approve own-request",
        "Lee Gu refused:approve not-permitted",
        "Megan Bowen refused:approve unchecked",
      ]);
      await story.click(megan, "approve");
      await story.waitFor("@Alex Wilber production-40672 is live");
    },
    patience,
  );

  test(
    "is asked of Graph with a token for Graph, and of nobody else",
    async () => {
      const { journal } = story.world.graph.standIn;
      expect(journal.length).toBeGreaterThan(0);
      expect(
        new Set(journal.map(({ method, path }) => `${method} ${path.split("/").at(-1)}`)),
      ).toEqual(new Set(["POST checkMemberGroups"]));
      expect(journal.map(({ status }) => status)).not.toContain(401);
    },
    patience,
  );
});
