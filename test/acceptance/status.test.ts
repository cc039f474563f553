import { adele } from "../../sandbox/people.ts";
import { patience, startStory, stopStories, type Story } from "./harness.ts";

afterAll(stopStories);

test(
  "P10 status answers with what it has while a service is silent, names who that is, and calls nothing ill",
  async () => {
    const story = await startStory();
    const { kubernetes, registry, github } = story.world;
    expect(await story.askForAll(adele, "status")).toMatch(
      /production is well[^]*Git wants production-40655[^]*in the registry[^]*release \d+[^]*3 of 3 ready/,
    );

    silence(kubernetes.standIn);
    const withoutCluster = await story.ask(adele, "status");
    expect(withoutCluster).toContain("production is only partly known");
    expect(withoutCluster).toContain("Partial answer: The cluster did not answer in time.");
    expect(withoutCluster).toMatch(
      /Git wants production-40655[^]*✓ {2}Image[^]*\? {2}Pods {2}not known/,
    );
    speak(kubernetes.standIn);

    silence(registry.standIn);
    const withoutRegistry = await story.ask(adele, "status");
    expect(withoutRegistry).toContain("Partial answer: The registry did not answer in time.");
    expect(withoutRegistry).toContain("3 of 3 ready on 40655");
    speak(registry.standIn);

    silence(github);
    const withoutGit = await story.ask(adele, "status");
    expect(withoutGit).toContain("What Git wants is not known.");
    expect(withoutGit).toContain("Partial answer: GitHub did not answer in time.");
    expect(withoutGit).not.toContain("✕");
  },
  patience,
);

type Faulty = Pick<Story["world"]["kubernetes"]["standIn"], "faults">;

function silence({ faults }: Faulty): void {
  faults.push({ path: ".", times: 1000, hang: true });
}

function speak({ faults }: Faulty): void {
  for (const fault of faults) fault.times = 0;
}
