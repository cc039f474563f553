import { digestIn } from "../../src/cluster/image.ts";
import { decideRollout } from "../../src/cluster/rollout.ts";
import type { RolloutState } from "../../src/deployment/ports.ts";
import { replay } from "./recording.ts";

/**
 * What each recording ends in, and the earliest moment (ms) at which its state allows to say so. A suspicion that does not
 * go away by itself is told as one; "failed" is what is certain.
 */
export const expected = [
  { name: "01-success-rolling-update", end: "ready", decidable: 10472 },
  { name: "02-image-not-found", end: "failed: pull-not-found", decidable: 2271 },
  { name: "03-image-pull-denied", end: "failed: pull-denied", decidable: 2428 },
  { name: "04-crash-loop", end: "failed: crash-loop", decidable: 7421 },
  { name: "06-readiness-never", end: "failed: readiness-failing", decidable: 31409 },
  { name: "07-unschedulable", end: "suspicion: unschedulable", decidable: 761 },
  { name: "08-quota-exceeded", end: "failed: quota-exceeded", decidable: 766 },
  { name: "09-missing-configmap", end: "failed: config-missing", decidable: 2381 },
  { name: "10-init-container-fails", end: "failed: init-container-failed", decidable: 5764 },
  { name: "11-slow-success", end: "ready", decidable: 90855 },
  { name: "12-heals-after-deadline", end: "ready", decidable: 43065 },
  { name: "13-superseded", end: "failed: superseded", decidable: 6767 },
  { name: "15-paused-deployment", end: "failed: rollout-paused", decidable: 733 },
  { name: "16-scaled-to-zero", end: "ready", decidable: 753 },
  { name: "17-statefulset-blocked", end: "suspicion: statefulset-blocked", decidable: 15420 },
  { name: "19-recreate-strategy", end: "ready", decidable: 5370 },
  { name: "22-sidecar-only-broken", end: "failed: crash-loop", decidable: 8531 },
] as const;

export const repository = "omnispatial/web";
export const wantedTag = "production-40672";

/** The longest from decidable to decided, in recorded milliseconds. */
const promptly = 10_000;

export interface Verdict {
  /** Milliseconds since the start of the recording. */
  readonly t: number;
  readonly state: RolloutState;
}

/** What is decided about a tag at every moment of a recording; without digests, those that its pods report are right. */
export function verdictsOf(
  name: string,
  tag = wantedTag,
  own: readonly string[] = [],
): readonly Verdict[] {
  const digests = new Set(own);
  for (const { objects } of own.length > 0 ? [] : replay(name)) {
    for (const pod of objects.pods) {
      const container = pod.spec.containers.find(({ image }) => image.endsWith(tag));
      const status = pod.status.containerStatuses.find((one) => one.name === container?.name);
      const digest = digestIn(status?.imageID ?? "");
      if (digest !== undefined) digests.add(digest);
    }
  }
  return [...replay(name)].map(({ t, start, objects }) => ({
    t,
    state: decideRollout(objects, { repository, tag, digests: [...digests], since: start }),
  }));
}

/** The verdict in a word; a suspicion of what may pass is still progress. */
export function verdictOf(state: RolloutState): string {
  if (state.state === "failed") return `failed: ${state.code}`;
  if (state.state === "ready") return "ready";
  return state.suspicion === undefined ? "progressing" : `suspicion: ${state.suspicion.code}`;
}

export interface Judgement {
  readonly name: string;
  /** When it was decided what the recording ends in. */
  readonly decided: number | undefined;
  readonly verdict: string;
  /** What is wrong with it. */
  readonly problems: readonly string[];
}

/** Whether a recording is decided rightly, promptly, and never wrongly before. */
export function judgeRecording({ name, end, decidable }: (typeof expected)[number]): Judgement {
  const verdicts = verdictsOf(name).map((one) => ({ ...one, verdict: verdictOf(one.state) }));
  const decided = verdicts.find(({ verdict }) => verdict === end)?.t;
  const verdict = verdicts.at(-1)?.verdict ?? "";
  const wrong = verdicts.find((one) => isFirm(one.state) && one.verdict !== end);
  const problems = [
    ...(wrong === undefined ? [] : [`at ${wrong.t} ms it is told as ${wrong.verdict}`]),
    ...(verdict === end ? [] : [`it should end as ${end}`]),
    ...(decided !== undefined && decided < decidable ? ["it was decided too early"] : []),
    ...(decided !== undefined && decided > decidable + promptly ? ["it was decided too late"] : []),
  ];
  return { name, decided, verdict, problems };
}

/** Told as it is: a deadline that passed is told as a failure only after some patience. */
function isFirm(state: RolloutState): boolean {
  if (state.state === "failed") return state.patience === undefined;
  return state.state === "ready";
}
