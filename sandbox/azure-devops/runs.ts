import type { Scenario } from "../scenario.ts";
import { adele, alex, megan, type SandboxPerson } from "../people.ts";
import { identityOf, omnibot } from "./organization.ts";
import type { Controls } from "./controls.ts";
import { Run, type Push, type RunRequest } from "./run.ts";
import type { Source } from "./source.ts";

/** Builds that were there before: who, how many hours ago, and how many commits `main` has had since. The last is live. */
const earlier: readonly (readonly [
  id: number,
  person: SandboxPerson,
  hours: number,
  behind: number,
])[] = [
  [40612, adele, 120, 8],
  [40641, alex, 74, 5],
  [40655, megan, 27, 3],
];

const firstId = 40672;
/** How far the next id is from the last: other pipelines of the organization take the ids between. */
const idSteps = [5, 3, 8, 1, 9, 2, 7, 4, 6];

const hour = 60 * 60 * 1000;

export interface RunsOptions {
  readonly speed: number;
  readonly scenario: () => Scenario;
  readonly push: Push;
  /** Told when a run begins and when it is completed. */
  readonly changed?: ((run: Run) => void) | undefined;
}

/** All runs of the pipeline, oldest first. */
export class Runs {
  readonly #runs: Run[];
  readonly #created: Run[] = [];
  readonly #options: RunsOptions;
  readonly #closing = new AbortController();
  #nextId = firstId;

  readonly #controls: Controls;

  constructor(source: Source, now: number, options: RunsOptions, controls: Controls) {
    this.#options = options;
    this.#controls = controls;
    this.#runs = earlier.map(([id, person, hours, behind]) => {
      const queuedAt = now - hours * hour;
      const run = new Run({
        id,
        number: numberAt(queuedAt, 1),
        commit: source.beforeHead(behind).id,
        parameters: { environment: "production" },
        variables: {},
        requestedFor: identityOf(person),
        scenario: "success",
        queuedAt,
      });
      run.remember();
      return run;
    });
  }

  get all(): readonly Run[] {
    return this.#runs;
  }

  /** The runs that somebody started here, oldest first. */
  get created(): readonly Run[] {
    return this.#created;
  }

  find(id: number): Run | undefined {
    return this.#runs.find((run) => run.request.id === id);
  }

  /** Creates a run and lets it live. */
  start(asked: Pick<RunRequest, "commit" | "parameters" | "variables">): Run {
    const queuedAt = Date.now();
    const sameDay = this.#runs.filter((run) => day(run.request.queuedAt) === day(queuedAt));
    const run = new Run({
      ...asked,
      id: this.#nextId,
      number: numberAt(queuedAt, sameDay.length + 1),
      requestedFor: omnibot,
      scenario: this.#options.scenario(),
      queuedAt,
    });
    run.changed = (one) => this.#options.changed?.(one);
    this.#nextId += idSteps[this.#created.length % idSteps.length] ?? 1;
    this.#runs.push(run);
    this.#created.push(run);
    void run.live(this.#options.speed, this.#options.push, this.#closing.signal, this.#controls);
    return run;
  }

  close(): void {
    this.#closing.abort();
  }
}

/** The pipeline's default name for a run: `$(Date:yyyyMMdd).$(Rev:r)`. */
function numberAt(at: number, revision: number): string {
  return `${day(at)}.${revision}`;
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10).replaceAll("-", "");
}
