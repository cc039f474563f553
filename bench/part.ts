/** One measurement of the bench: what is measured beside what, in one run. */
export interface Part {
  readonly name: string;
  /** What it answers, in a sentence. */
  readonly title: string;
  measure(run: Run): Promise<Measured>;
}

export interface Run {
  /** A bounded form that only shows that the part still works: its figures mean nothing. */
  readonly short: boolean;
  /** A folder of the part's own; removed afterwards. */
  readonly folder: string;
  /** Says what goes on, for whoever waits. */
  note(words: string): void;
}

export interface Measured {
  readonly tables: readonly Table[];
  /** By name, for the JSON: each a number that somebody may compare with another run's. */
  readonly figures: Readonly<Record<string, number>>;
  readonly goals: readonly Goal[];
}

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

export interface Goal {
  readonly what: string;
  readonly found: number;
  readonly most: number;
  readonly unit: string;
}
