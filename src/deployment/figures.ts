import type { Deployment } from "./deployment.ts";

/** The four figures of DORA over some days, with what they were counted from. Times are milliseconds; docs/operating.md defines them. */
export interface Figures {
  readonly days: number;
  /** Deployments that went live, and rollbacks and changes by hand beside them. */
  readonly live: number;
  readonly rollbacks: number;
  readonly byHand: number;
  /** Medians; undefined where there is nothing to take one of. */
  readonly leadTime: number | undefined;
  readonly timeToRestore: number | undefined;
  /** Deployments that were merged, and those of them that failed or had to be taken back. */
  readonly merged: number;
  readonly failed: number;
}

const day = 24 * 60 * 60_000;

/** `all` are the deployments of one environment in any order, followed or not; `now` is ms since 1970. */
export function figuresOf(all: readonly Deployment[], days: number, now: number): Figures {
  const since = now - days * day;
  const rows = all.toSorted((one, other) => one.id - other.id);
  const ended = rows.filter(({ endedAt = 0 }) => endedAt >= since);
  const live = ended.filter(({ state }) => state === "live");
  const deployed = live.filter(({ kind }) => kind === "deploy");
  const merged = ended.filter(({ kind, evidence }) => kind === "deploy" && evidence.merge);
  const failures = merged.flatMap((one) => failureOf(one, rows) ?? []);
  return {
    days,
    live: deployed.length,
    rollbacks: live.filter(({ kind }) => kind === "rollback").length,
    byHand: live.filter(({ kind }) => kind === "observed").length,
    leadTime: median(deployed.flatMap(leadTimes)),
    merged: merged.length,
    failed: failures.length,
    timeToRestore: median(failures.flatMap(({ from, until }) => (until ?? from) - from || [])),
  };
}

interface Failed {
  /** When it was known not to be well, and when the environment was well again, where it was. */
  readonly from: number;
  readonly until: number | undefined;
}

/** Whether a merged deployment failed, was well only after it had failed, or was taken back by the next thing that was merged. */
function failureOf(deployment: Deployment, rows: readonly Deployment[]): Failed | undefined {
  const { id, endedAt = 0, state, healed } = deployment;
  // When it was told is not kept once it has healed: it counts, and says nothing about the time.
  if (healed !== undefined) return { from: endedAt, until: undefined };
  const next = rows.find((one) => one.id > id && one.evidence.merge !== undefined);
  const isFailed = state === "failed";
  if (!isFailed && next?.kind !== "rollback") return undefined;
  const from = isFailed ? endedAt : (next?.requestedAt ?? endedAt);
  const well = rows.find((one) => one.id > id && one.state === "live");
  return { from, until: well?.endedAt };
}

/** From each commit that the card listed until it was live; from the newest alone, where the list has no times. */
function leadTimes({ evidence: { proposal }, endedAt = 0 }: Deployment): readonly number[] {
  const listed = proposal?.changes?.flatMap(({ at }) => at ?? []) ?? [];
  const commits = listed.length > 0 ? listed : [proposal?.commit?.at ?? []].flat();
  return commits.map((at) => Math.max(0, endedAt - at));
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const [one, other] = [sorted[middle], sorted[sorted.length - 1 - middle]];
  return one === undefined || other === undefined ? undefined : (one + other) / 2;
}
