import { randomBytes } from "node:crypto";
import type { Environment } from "../config/config.ts";
import { createAlarm, type Alarm } from "./alarm.ts";
import type { Deployment, EditEvidence } from "./deployment.ts";
import type { Log } from "./engine.ts";
import type { Ledger, Mark, Noticed, Place } from "./ledger.ts";
import { findEdit, type Edit } from "./find-edit.ts";
import type { Clock, World } from "./ports.ts";
import { ServiceError } from "./service-error.ts";
import { planOf } from "./steps.ts";

export interface FileWatchOptions {
  readonly ledger: Pick<Ledger, "beginWatch" | "bringWatchForward" | "moveMark" | "list" | "wake">;
  readonly environments: Readonly<Record<string, Environment>>;
  readonly worldOf: (environment: Environment) => World;
  /** Where changes of an environment are told; undefined while nobody has spoken to omnibot there. */
  readonly placeOf: (environment: Environment) => Promise<Place | undefined>;
  readonly clock: Clock;
  readonly log: Log;
  /** Told that there is something to do. */
  readonly hint: () => void;
}

export interface FileWatch {
  /** Watches the file of every environment until the signal. */
  run(signal: AbortSignal): Promise<void>;
  /** Looks at the file of one environment, if it is due; returns in how many milliseconds it is due again. */
  look(environment: Environment): Promise<number>;
  /** Brings the next look at a file forward to `at` (ms since 1970): somebody says that it has changed. */
  bringForward(environment: Environment, at: number): Promise<void>;
}

/** So many of the newest deployments are looked through for omnibot's own commits. */
const remembered = 50;

/**
 * Notices when somebody changes the tag in Git past omnibot (P17). Where the watch stands is in the ledger, and moves in the
 * same transaction that writes the change down: each is told once, by whichever process, also when nobody was there.
 */
export function createFileWatch(options: FileWatchOptions): FileWatch {
  const { ledger, environments, worldOf, placeOf, clock, log, hint } = options;
  const alarms = new Map<string, Alarm>();
  return { run, look, bringForward };

  async function run(signal: AbortSignal): Promise<void> {
    await Promise.all(Object.values(environments).map((one) => watch(one, signal)));
  }

  async function watch(environment: Environment, signal: AbortSignal): Promise<void> {
    const alarm = createAlarm();
    alarms.set(environment.name, alarm);
    signal.addEventListener("abort", alarm.ring, { once: true });
    while (!signal.aborted) {
      const wait = await look(environment).catch((error: unknown) => {
        const level = error instanceof ServiceError ? "warn" : "error";
        log[level]({ environment: environment.name, err: error }, "the file could not be watched");
        return environment.gitops.poll;
      });
      if (!signal.aborted) await alarm.sleep(wait);
    }
  }

  async function look(environment: Environment): Promise<number> {
    const { name, gitops: file } = environment;
    const now = clock.now();
    const begun = await ledger.beginWatch(name, now, now + file.poll);
    if (begun.state === "later") return Math.min(Math.max(begun.at - now, 100), file.poll);

    const { gitops } = worldOf(environment);
    const commits = await gitops.readFileCommits();
    const place = `${file.repository} ${file.branch} ${file.file} ${file.path.join(".")}`;
    const mark = begun.mark?.place === place ? begun.mark : undefined;
    const newest = commits[0]?.commit.id;
    if (newest === undefined || newest === mark?.commit) return file.poll;

    const found = await findEdit(commits, mark, gitops);
    const to: Mark = { place, ...found.mark };
    const { edit } = found;
    if (edit === undefined || (await isOwn(edit, environment))) {
      await ledger.moveMark(name, begun.mark, to);
      return file.poll;
    }
    const where = await placeOf(environment);
    if (where === undefined) {
      log.warn({ environment: name }, "a change by hand waits until omnibot knows a channel");
      return file.poll;
    }
    const noticed: Noticed = { deployment: rowOf(edit.evidence, environment, now), place: where };
    if (await ledger.moveMark(name, begun.mark, to, noticed)) {
      log.info({ environment: name, commit: edit.evidence.commit }, "noticed a change by hand");
      await wakeActive(name);
      hint();
    }
    return file.poll;
  }

  async function bringForward({ name }: Environment, at: number): Promise<void> {
    await ledger.bringWatchForward(name, at);
    alarms.get(name)?.ring();
  }

  /** Whether the commit is what a deployment merged, or is merging while we look. */
  async function isOwn({ evidence, message }: Edit, environment: Environment): Promise<boolean> {
    const recent = await ledger.list(environment.name, remembered);
    return recent.some(({ key, state, kind, evidence: { merge, change } }) => {
      if (kind === "observed") return false;
      const ids = [merge?.commit, change?.head];
      return (
        ids.includes(evidence.commit) ||
        (state === "active" && message.includes(`Omnibot-Deployment: ${key}`))
      );
    });
  }

  /** Whoever is overtaken should hear of it now. */
  async function wakeActive(name: string): Promise<void> {
    const active = (await ledger.list(name, remembered)).filter((one) => one.state === "active");
    await Promise.all(active.map(({ id }) => ledger.wake(id, clock.now())));
  }
}

function rowOf(edit: EditEvidence, environment: Environment, now: number): Noticed["deployment"] {
  const kind: Pick<Deployment, "kind" | "target"> = { kind: "observed", target: { from: "git" } };
  return {
    ...kind,
    key: randomBytes(6).toString("hex"),
    environment: environment.name,
    requester: { id: `github:${edit.author}`, name: edit.author },
    requestedAt: now,
    expiresAt: now,
    progress: planOf(kind),
    evidence: { edit },
  };
}
