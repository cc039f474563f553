import type { Environment } from "../config/config.ts";
import { isWorkedOn, type Deployment, type ReleaseName } from "./deployment.ts";
import type { Ledger } from "./ledger.ts";
import type { Clock } from "./ports.ts";
import { currentStep } from "./transitions.ts";

/**
 * What somebody outside says has changed. None of it is believed: it says where to look, and the look itself finds out what is
 * true. Whatever a hint leaves out it says of everything.
 */
export type Hint =
  /** A run of a pipeline. */
  | { readonly about: "run"; readonly id?: number }
  /** A pull request, or what it waits for. `repository` is owner/name. */
  | { readonly about: "change"; readonly repository: string; readonly pullRequest?: number }
  /** The files of a branch. */
  | { readonly about: "branch"; readonly repository: string; readonly branch: string }
  /** What Flux and Helm do. */
  | { readonly about: "release"; readonly release?: ReleaseName };

/** A call from outside, as it came over the wire. */
export interface HookCall {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The very bytes: signatures are over them. */
  readonly body: Buffer;
}

/** What a vendor's room makes of a call: whether it comes from who knows the secret, and what it hints at. */
export type HookResult =
  | { readonly state: "refused" }
  | { readonly state: "unreadable" }
  | { readonly state: "heard"; readonly hints: readonly Hint[] };

export type Hook = (call: HookCall) => Promise<HookResult>;

export interface HintsOptions {
  readonly ledger: Pick<Ledger, "listWorkedOn" | "bringForward">;
  readonly environments: Readonly<Record<string, Environment>>;
  readonly clock: Clock;
  /** Told that a row is due sooner. */
  readonly hint: () => void;
  /** Brings the look at an environment's file in Git forward to `at`. */
  readonly watch: (environment: Environment, at: number) => Promise<void>;
}

/**
 * So many looks at one thing follow a hint at once; then one every so many milliseconds, which sees what all hints until then are
 * about. However many come, nobody's service is flooded.
 */
const burst = 10;
const spacing = 2000;

/** Steps that wait for what a hint is about. */
const waitingFor: Readonly<Record<Exclude<Hint["about"], "branch">, readonly string[]>> = {
  run: ["build"],
  change: ["open-change", "merge-change"],
  release: ["sync", "roll-out", "check-health"],
};

/** Brings the next look of whatever a hint may be about forward. Returns at how many things that is. */
export function createHints(options: HintsOptions): (hint: Hint) => Promise<number> {
  const { ledger, environments, clock } = options;
  /** Until when the looks that were hinted at are paid for. */
  const paidUntil = new Map<string, number>();

  return async (hint) => (hint.about === "branch" ? hearBranch(hint) : hearWork(hint));

  async function hearBranch(hint: Extract<Hint, { about: "branch" }>): Promise<number> {
    const watched = Object.values(environments).filter(
      ({ gitops }) => isSame(gitops.repository, hint.repository) && gitops.branch === hint.branch,
    );
    for (const one of watched) await options.watch(one, next(`file ${one.name}`));
    return watched.length;
  }

  async function hearWork(hint: Exclude<Hint, { about: "branch" }>): Promise<number> {
    const meant = (await ledger.listWorkedOn()).filter((one) =>
      concerns(hint, one, environments[one.environment]),
    );
    for (const { id } of meant) await ledger.bringForward(id, clock.now(), next(`row ${id}`));
    if (meant.length > 0) options.hint();
    return meant.length;
  }

  /** When the next look that is hinted at may be. */
  function next(what: string): number {
    const now = clock.now();
    for (const [one, until] of paidUntil) if (until <= now) paidUntil.delete(one);
    const until = paidUntil.get(what) ?? now;
    const earliest = until - (burst - 1) * spacing;
    // One that lies ahead is still to come, and sees this too.
    if (earliest > now) return earliest;
    paidUntil.set(what, until + spacing);
    return now;
  }
}

/** Whether the row waits for something that the hint may be about. */
function concerns(
  hint: Exclude<Hint, { about: "branch" }>,
  deployment: Deployment,
  environment: Environment | undefined,
): boolean {
  if (environment === undefined || !isWorkedOn(deployment)) return false;
  const { evidence, following } = deployment;
  const step = currentStep(deployment)?.step ?? "";
  const waits = waitingFor[hint.about].includes(step);
  switch (hint.about) {
    case "run":
      return waits && isMeant(hint.id, evidence.run?.id);
    case "change":
      return (
        waits &&
        isSame(environment.gitops.repository, hint.repository) &&
        isMeant(hint.pullRequest, evidence.change?.pullRequest)
      );
    case "release":
      return (
        (waits || following !== undefined) &&
        isMeant(hint.release?.name, evidence.proposal?.release.name) &&
        isMeant(hint.release?.namespace, evidence.proposal?.release.namespace)
      );
  }
}

/** A hint that does not say which, and a row that does not know its own yet, may mean each other. */
function isMeant(said: number | string | undefined, own: number | string | undefined): boolean {
  return said === undefined || own === undefined || said === own;
}

/** GitHub writes the names of repositories as their owners do, and finds them whatever the case. */
function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
