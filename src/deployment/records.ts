import type { Environment } from "../config/config.ts";
import { createAlarm } from "./alarm.ts";
import type { Deployment } from "./deployment.ts";
import type { Log } from "./engine.ts";
import type { Ledger } from "./ledger.ts";

/** What is written about a deployment where others look for it. Writing the same again changes nothing. */
export interface DeploymentRecord {
  /** The deployment's key, by which its record is found again. */
  readonly key: string;
  readonly environment: string;
  /** The merge commit. */
  readonly commit: string;
  readonly state: RecordState;
  readonly description: string;
  /** The pull request. */
  readonly url: string | undefined;
}

/** `inactive`: it was live, and something else is by now. */
export type RecordState = "in_progress" | "success" | "failure" | "inactive";

export interface RecordsOptions {
  readonly ledger: Pick<Ledger, "list">;
  /** The environments of which records are kept. */
  readonly environments: readonly Environment[];
  readonly write: (environment: Environment, record: DeploymentRecord) => Promise<void>;
  readonly log: Log;
  /** How long it waits after it could not write, in milliseconds. */
  readonly pause?: number;
}

export interface Records {
  /** Told of every save. */
  saved(deployment: Deployment): void;
  run(signal: AbortSignal): Promise<void>;
}

/** So many of the newest deployments have a record that may have to change. */
const shown = 5;
const usualPause = 60_000;

/**
 * Keeps records of deployments elsewhere, as pictures of the rows: beside the deployments, never in their way. What could not be
 * written is written later; what was missed while nobody was there, at the next start.
 */
export function createRecords(options: RecordsOptions): Records {
  const { ledger, environments, write, log, pause = usualPause } = options;
  const written = new Map<string, RecordState>();
  const pending = new Set(environments);
  const alarm = createAlarm();

  return { saved, run };

  function saved(deployment: Deployment): void {
    const environment = environments.find(({ name }) => name === deployment.environment);
    if (environment === undefined || commitOf(deployment) === undefined) return;
    if (written.get(deployment.key) === stateOf(deployment, undefined)) return;
    pending.add(environment);
    alarm.ring();
  }

  async function run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", alarm.ring, { once: true });
    while (!signal.aborted) {
      for (const environment of pending) {
        pending.delete(environment);
        await picture(environment, signal).catch((error: unknown) => {
          pending.add(environment);
          log.warn({ environment: environment.name, err: error }, "records could not be written");
        });
        if (signal.aborted || pending.has(environment)) break;
      }
      if (!signal.aborted) await alarm.sleep(pause);
    }
  }

  /** The oldest first, so that GitHub has them in their order. */
  async function picture(environment: Environment, signal: AbortSignal): Promise<void> {
    const rows = await ledger.list(environment.name, shown);
    const live = rows.find(({ state }) => state === "live");
    for (const row of rows.toReversed()) {
      const [commit, state] = [commitOf(row), stateOf(row, live)];
      if (signal.aborted || commit === undefined || state === undefined) continue;
      if (written.get(row.key) === state) continue;
      const { key, evidence } = row;
      const description = descriptionOf(row);
      const url = evidence.change?.url;
      await write(environment, {
        key,
        environment: environment.name,
        commit,
        state,
        description,
        url,
      });
      written.set(key, state);
    }
    const current = new Set(rows.map(({ key }) => key));
    for (const key of written.keys()) {
      // Rows of other environments are small in number; what is old is not looked at again.
      if (written.size > shown * environments.length * 2 && !current.has(key)) written.delete(key);
    }
  }
}

/** Only what has changed Git is a deployment to others. */
function commitOf({ evidence }: Deployment): string | undefined {
  return evidence.merge?.commit;
}

function stateOf({ id, state }: Deployment, live: Deployment | undefined): RecordState | undefined {
  if (state === "active") return "in_progress";
  if (state === "failed") return "failure";
  if (state !== "live") return undefined;
  return live === undefined || live.id === id ? "success" : "inactive";
}

function descriptionOf({ id, kind, requester, approvals, evidence }: Deployment): string {
  const tag = evidence.image?.tag ?? "";
  const what = kind === "rollback" ? "back to " : "";
  const approved = approvals.map(({ person }) => person.name).join(", ");
  const by = approved === "" ? requester.name : `${requester.name}, approved by ${approved}`;
  return `#${id}: ${what}${tag} by ${by}`;
}
