import { alex, diego, megan } from "../../sandbox/people.ts";
import { post, type Sent } from "../../sandbox/hooks/outbox.ts";
import { changesOf, releaseFile } from "./git.ts";
import { patience, startStory, stopStories, type Story, type StoryOptions } from "./harness.ts";
import { countAtEnd, oneOfEverything } from "./kill.ts";

// Side by side, each in a world of its own: most of the time is waiting.
afterAll(stopStories);

/** A story in which Azure DevOps, GitHub and Flux tell omnibot what has changed. */
async function begin(options: StoryOptions = {}): Promise<Story> {
  const story = await startStory(options);
  story.world.hooks.to(origin(story));
  return story;
}

function origin({ messages }: Story): string {
  return new URL(messages).origin;
}

function sent({ world }: Story, path = ""): readonly Sent[] {
  return world.hooks.sent.filter((one) => one.path.endsWith(path));
}

test.concurrent(
  "a build, a merge and Flux are gone on from while the clock stands still: by the hints alone",
  async () => {
    const story = await begin({
      environment: { NODE_OPTIONS: "--import ./test/acceptance/still-clock.ts" },
      // The cluster's own watches would hint too.
      authorize: ({ verb }) => verb !== "watch",
    });
    await story.request(alex, "deploy production");
    story.omnibot().signal("SIGUSR2");
    await story.click(megan, "approve");
    const done = (step: string) =>
      story.audit().some(({ action }) => action === `step-done:${step}`);
    for (const step of ["build", "merge-change", "sync"])
      await story.until(`the end of ${step}`, () => done(step));
    story.omnibot().signal("SIGUSR2");
    expect(await countAtEnd(story)).toEqual(oneOfEverything);
    for (const path of ["azure-devops", "github", "flux"])
      expect(new Set(sent(story, path).map(({ status }) => status))).toEqual(new Set([202]));
  },
  patience,
);

test.concurrent(
  "P3 hints that are repeated, out of order, at once, lost and heard after a restart: one of everything",
  async () => {
    const story = await begin({ environment: { METRICS_PORT: "0" } });
    const { azureDevOps } = story.world;
    const replay = () =>
      Promise.all(
        sent(story)
          .toReversed()
          .map((one) => post(origin(story), one)),
      );
    await story.request(alex, "deploy production");
    await story.click(megan, "approve");
    await story.until("the run", () => azureDevOps.runs.length === 1);
    await Promise.all([replay(), replay(), replay()]);
    await story.kill();
    // What is told meanwhile is lost.
    await story.until("the end of the run", () => azureDevOps.runs[0]?.status === "completed");
    await story.restart();
    expect(new Set(await replay())).toEqual(new Set([202]));
    await story.waitFor("Flux", 60_000);
    await replay();
    expect(await countAtEnd(story)).toEqual(oneOfEverything);
    const lines = story.audit().length;
    await replay();
    await story.ask(alex, "status");
    expect(story.audit()).toHaveLength(lines);
    expect(await countAtEnd(story)).toEqual(oneOfEverything);

    const [address = ""] =
      story
        .log()
        .match(/http:[^"]*\/metrics/g)
        ?.slice(-1) ?? [];
    const metrics = await (await fetch(address)).text();
    for (const told of [
      'omnibot_deployments{environment="production",kind="deploy",state="live"} 1',
      'omnibot_step_duration_seconds_count{environment="production",step="check-health",result="done"} 1',
      'omnibot_hooks_total{hook="azure-devops",status="202"}',
      ...["azure-devops", "registry", "github", "kubernetes", "health"].map(
        (service) => `omnibot_api_requests_total{service="${service}",result="2xx"}`,
      ),
    ])
      expect(metrics).toContain(told);
  },
  patience,
);

test.concurrent(
  "P14 whoever knows no secret is sent away, and changes nothing",
  async () => {
    const story = await startStory();
    await story.request(alex, "deploy production");
    const before = story.audit().length;
    const body = JSON.stringify({
      eventType: "build.complete",
      resource: { id: 40672, status: "completed", result: "succeeded" },
      approval: "approved",
    });
    const forged = `sha256=${"0".repeat(64)}`;
    const calls = ["azure-devops", "github", "flux"].flatMap<Omit<Sent, "status">>((name) =>
      [{}, { "x-omnibot-secret": "", "x-hub-signature-256": forged, "x-signature": forged }].map(
        (headers) => ({
          path: `/api/hooks/${name}`,
          headers: { "content-type": "application/json", "x-github-event": "push", ...headers },
          body,
        }),
      ),
    );
    const statuses = await Promise.all(calls.map((call) => post(origin(story), call)));
    expect(statuses).toEqual(calls.map(() => 401));
    const [call = { path: "", headers: {}, body }] = calls;
    expect(await post(origin(story), { ...call, path: "/api/hooks/other" })).toBe(404);
    expect(story.audit()).toHaveLength(before);
    expect(changesOf(story.world)).toEqual({ branches: 0, pullRequests: 0, merges: 0 });
    expect(story.log()).not.toContain("sandbox-github-hook");
  },
  patience,
);

test.concurrent(
  "P17 a change by hand is noticed when GitHub tells of it, an hour before the next look",
  async () => {
    const story = await begin({ production: { gitops: { poll: "1h" } } });
    await story.ask(alex, "status");
    const { github } = story.world;
    const looks = () => github.journal.filter(({ path }) => path.includes("per_page=30")).length;
    await story.until("the first look at the file", () => looks() > 0);
    const edit = (text: string) => text.replace(/production-\d+/, "production-40641");
    await github.pushCommit({ path: releaseFile, edit, message: "By hand", author: diego });
    const actions = () => story.audit().map(({ action }) => action);
    await story.until("omnibot to notice", () => actions().includes("noticed"));
    expect(actions().filter((action) => action === "noticed")).toHaveLength(1);
  },
  patience,
);
