import type { Point } from "./orders.ts";
import { kinds, type Kind } from "./story-plan.ts";

const effects = {
  "start-run": ["pipelines.findRun", "pipelines.startRun"],
  "create-branch": ["gitops.findBranch", "gitops.createBranch"],
  "commit-tag": ["gitops.findCommit", "gitops.commitTag"],
  "open-pull-request": ["gitops.findPullRequest", "gitops.openPullRequest"],
  merge: ["gitops.findMerge", "gitops.merge"],
  "poke-flux": ["cluster.poke"],
} as const;
type Effect = keyof typeof effects;

const changes: readonly Effect[] = [
  "create-branch",
  "commit-tag",
  "open-pull-request",
  "merge",
  "poke-flux",
];
const follow = ["verify-image", "open-change", "merge-change", "sync", "roll-out", "check-health"];
const decide = ["ledger.get", "ledger.isThread"];
const card = [
  "threads.claimThread",
  "threads.keepThread:card-intent",
  "conversations.post:card",
  "threads.keepThread:card-sent",
  "conversations.edit",
  "threads.keepThread:card-edited",
  "threads.releaseThread",
];
const built = ["ledger.create", "ledger.claim", "ledger.approve", ...callsOf("start-run")];
const reads = ["registry.resolve", "gitops.readTag", "gitops.readPullRequest"];

/**
 * What a story of each kind has to pass, whatever else it passes: the request, the decision, each intent, effect and record,
 * the save of each step, and the updates of the thread.
 */
const named: Readonly<Record<Kind, readonly string[]>> = {
  deploy: [
    "ledger.create",
    "ledger.claim",
    "pipelines.readHead",
    ...decide,
    "ledger.approve",
    ...["approve", "build", ...follow].map((step) => `ledger.save:${step}`),
    ...(["start-run", ...changes] as const).flatMap(callsOf),
    "pipelines.readRun",
    ...reads,
    "gitops.deleteBranch",
    "cluster.readFlux",
    "cluster.readRollout",
    "health.check",
    ...card,
    ...replyCalls("decision"),
    ...replyCalls("end"),
  ],
  rollback: [
    "ledger.create",
    "ledger.claim",
    "pipelines.readBuild",
    ...decide,
    "ledger.approve",
    ...["approve", ...follow].map((step) => `ledger.save:${step}`),
    ...changes.flatMap(callsOf),
    "ledger.forget:create-branch",
    ...reads,
    "gitops.deleteBranch",
    "cluster.readFlux",
    "cluster.readRollout",
    "health.check",
    ...card,
    ...replyCalls("decision"),
    ...replyCalls("end"),
  ],
  reject: [
    "ledger.create",
    "ledger.claim",
    "pipelines.readHead",
    "ledger.save:approve",
    ...decide,
    "ledger.audit",
    "ledger.reject",
    ...card,
    ...replyCalls("end"),
  ],
  cancel: [
    ...built,
    "pipelines.cancelRun",
    "interventions.cancel",
    "ledger.save:build",
    ...card,
    ...replyCalls("decision"),
    ...replyCalls("end"),
  ],
  withdraw: [
    ...built,
    ...(["create-branch", "commit-tag", "open-pull-request"] as const).flatMap(callsOf),
    "interventions.cancel",
    "gitops.closePullRequest",
    "gitops.deleteBranch",
    "ledger.save:merge-change",
    ...card,
    ...replyCalls("end"),
  ],
  retry: [
    ...built,
    ...changes.flatMap(callsOf),
    "interventions.retry",
    "ledger.save:verify-image",
    ...card,
    ...replyCalls("end"),
    ...replyCalls("end-1"),
  ],
  notice: [
    "ledger.beginWatch",
    "gitops.readFileCommits",
    "gitops.readTagAt",
    "ledger.moveMark",
    ...["observe", "verify-image", "sync", "roll-out", "check-health"].map(
      (step) => `ledger.save:${step}`,
    ),
    ...card.map((call) => call.replace("conversations.post:card", "conversations.begin")),
  ],
};

const hook = "a word from outside only brings a look forward that would come anyway";

/** Calls at which nothing can be lost, and why no story has to pass them. */
const apart: Readonly<Record<string, string>> = {
  "ledger.findActive": "status reads it",
  "ledger.list": "status reads it",
  "ledger.listSince": "figures read it",
  "conversations.nameOf": "the roster is read where approvers are mentioned",
  "ledger.listWorkedOn": hook,
  "ledger.bringForward": hook,
  "ledger.bringWatchForward": hook,
  "ledger.remember": "answers to questions change nothing",
  "ledger.renew":
    "only a look that takes long comes here, and a lease that is not renewed only ends",
  "cluster.readLive": "status reads it",
  "threads.readThread": "a click that came too late reads it",
  "threads.spoilThread": "only a stale owner comes here; stories of stale owners judge the card",
};

/** Points of the list that no story passed, and calls that neither a story passed nor the list sets apart. */
export function neverMet(
  passed: Readonly<Record<Kind, readonly Point[]>>,
  told: readonly Kind[],
  calls: ReadonlySet<string>,
): readonly string[] {
  const missing = told.flatMap((kind) => {
    const met = new Set(passed[kind].map(({ at }) => at));
    const wanted = named[kind].flatMap((name) => [`before ${name}`, `after ${name}`]);
    return wanted.filter((at) => !met.has(at)).map((at) => `${kind} never came ${at}`);
  });
  const called = new Set(
    Object.values(passed)
      .flat()
      .map(({ at }) => at.replace(/^(before|after) /, "").replace(/:.*/, "")),
  );
  // Some kinds alone do not call everything.
  if (told.length < kinds.length) return missing;
  const unknown = [...calls].filter((call) => !called.has(call) && !(call in apart));
  return [...missing, ...unknown.map((call) => `no story calls ${call}`)];
}

function callsOf(effect: Effect): readonly string[] {
  const [look, ...act] = effects[effect];
  const ledger = (what: string) => `ledger.${what}:${effect}`;
  return [ledger("findEffect"), look, ledger("intend"), ...act, ledger("settle")];
}

function replyCalls(name: string): readonly string[] {
  return [
    `threads.keepThread:${name}-intent`,
    "conversations.post:reply",
    `threads.keepThread:${name}-sent`,
  ];
}
