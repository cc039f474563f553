import { alex, megan } from "../../sandbox/people.ts";
import type { Fault } from "../../sandbox/stand-in.ts";
import type { Story, StoryOptions } from "../acceptance/harness.ts";

/** A point in the life of a deployment at which omnibot ended without a word, to be replaced by a newer version. */
export interface Phase {
  readonly name: string;
  /** What the ledger says then, for its first line. */
  readonly words: string;
  readonly options?: Pick<StoryOptions, "scenario" | "production">;
  /** Brings a story there, and holds it there. */
  reach(story: Story): Promise<void>;
  /** How it ends when it is carried on. */
  readonly ends: "live" | "failed" | "rejected" | "expired";
  /** Somebody has to approve before it goes on. */
  readonly undecided?: boolean;
  /** It has ended already. */
  readonly final?: boolean;
}

type Place = (world: Story["world"]) => { readonly faults: Fault[] };

const azure: Place = ({ azureDevOps }) => azureDevOps.standIn;
const github: Place = ({ github: standIn }) => standIn;
const cluster: Place = ({ kubernetes }) => kubernetes.standIn;
const app: Place = ({ app: { standIn } }) => standIn;

/** Somebody approves, and the first of these requests after that gets no answer; `done`: it has its effect all the same. */
function heldAt(place: Place, method: string, path: string, done = false): Phase["reach"] {
  return async (story) => {
    await story.request(alex, "deploy production");
    const fault: Fault = { method, path, times: 1, hang: done ? "after" : true };
    place(story.world).faults.push(fault);
    await story.click(megan, "approve");
    await story.until(`${method} ${path}`, () => fault.times === 0);
    // The thread is at rest: what was said is written down.
    await story.waitFor("approved #1.");
    if (done) await story.until("its effect", () => isThere(story, path));
  };
}

function isThere({ world }: Story, path: string): boolean {
  if (path === "/runs$") return world.azureDevOps.runs.length === 1;
  return world.github.journal.some(
    (entry) => entry.method !== "GET" && new RegExp(path).test(entry.path) && entry.status < 300,
  );
}

/** The thread has shown the end, and the ledger knows that it has. */
async function ended(story: Story, words: string): Promise<void> {
  await story.waitFor(words);
  await story.shutDown();
}

export const phases: readonly Phase[] = [
  {
    name: "waiting-for-approval",
    words: "the request is shown and waits for an approval",
    reach: async (story) => void (await story.request(alex, "deploy production")),
    ends: "live",
    undecided: true,
  },
  {
    name: "approved",
    words: "approved, and nothing begun yet",
    reach: heldAt(azure, "GET", "/_apis/build/builds$"),
    ends: "live",
  },
  {
    name: "run-intended",
    words: "a run was about to be started, and was not",
    reach: heldAt(azure, "POST", "/runs$"),
    ends: "live",
  },
  {
    name: "run-unanswered",
    words: "a run was started, and nobody heard so",
    reach: heldAt(azure, "POST", "/runs$", true),
    ends: "live",
  },
  {
    name: "building",
    words: "the run is under way",
    reach: heldAt(azure, "GET", "/builds/40672$"),
    ends: "live",
  },
  {
    name: "verified",
    words: "the image was found in the registry",
    reach: heldAt(github, "GET", "/contents/"),
    ends: "live",
  },
  {
    name: "branch-made",
    words: "the branch was made, and the commit was about to be",
    reach: heldAt(github, "PUT", "/contents/"),
    ends: "live",
  },
  {
    name: "committed-unanswered",
    words: "the commit was made, and nobody heard so",
    reach: heldAt(github, "PUT", "/contents/", true),
    ends: "live",
  },
  {
    name: "pull-request-open",
    words: "the pull request is open",
    reach: heldAt(github, "GET", "/pulls/\\d+/files$"),
    ends: "live",
  },
  {
    name: "merge-intended",
    words: "the pull request was about to be merged",
    reach: heldAt(github, "PUT", "/merge-async$"),
    ends: "live",
  },
  {
    name: "merge-unanswered",
    words: "the merge was asked for, and nobody heard the answer",
    reach: heldAt(github, "PUT", "/merge-async$", true),
    ends: "live",
  },
  {
    name: "syncing",
    words: "merged, and Flux was about to be told",
    reach: heldAt(cluster, "PATCH", "/gitrepositories/"),
    ends: "live",
  },
  {
    name: "rolling-out",
    words: "Flux has applied it, and the pods are looked at",
    reach: heldAt(cluster, "GET", "/namespaces/omnispatial/pods$"),
    ends: "live",
  },
  {
    name: "checking-health",
    words: "the pods run, and the application is asked",
    reach: heldAt(app, "GET", "/healthz$"),
    ends: "live",
  },
  {
    name: "live",
    words: "it is live",
    async reach(story) {
      await story.request(alex, "deploy production");
      await story.click(megan, "approve");
      await ended(story, "@Alex Wilber production-40672 is live");
    },
    ends: "live",
    final: true,
  },
  {
    name: "failed",
    words: "the build has failed",
    options: { scenario: "build-fails" },
    async reach(story) {
      await story.request(alex, "deploy production");
      await story.click(megan, "approve");
      await ended(story, "@Alex Wilber production-40672 is not live");
    },
    ends: "failed",
    final: true,
  },
  {
    name: "rejected",
    words: "somebody has rejected it",
    async reach(story) {
      await story.request(alex, "deploy production");
      await story.click(megan, "reject", { reason: "not on a Friday" });
      await ended(story, "rejected #1");
    },
    ends: "rejected",
    final: true,
  },
  {
    name: "expired",
    words: "nobody has decided in time",
    options: { production: { approval: { expires: "3s" } } },
    async reach(story) {
      await story.request(alex, "deploy production");
      await ended(story, "Nobody approved #1 in time");
    },
    ends: "expired",
    final: true,
  },
];
