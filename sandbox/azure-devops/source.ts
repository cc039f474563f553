import { createHash } from "node:crypto";
import { adele, alex, diego, lee, megan, type SandboxPerson } from "../people.ts";

export interface SourceCommit {
  readonly id: string;
  readonly parent: string | undefined;
  readonly message: string;
  readonly author: { readonly name: string; readonly email: string };
  readonly date: Date;
}

const hour = 60 * 60 * 1000;

/** The history of `main` when the sandbox starts: who, what, and how many hours ago. Oldest first. */
const history: readonly (readonly [SandboxPerson, string, number])[] = [
  [lee, "Merged PR 1268: Render vector tiles with the new style sheet", 221],
  [adele, "Merged PR 1271: Cache geocoding results for an hour", 198],
  [diego, "Merged PR 1270: Say why an upload was refused", 190],
  [alex, "Merged PR 1275: Draw measured areas in the user's units", 172],
  [megan, "Merged PR 1273: Update maplibre-gl to 5.9.0", 149],
  [lee, "Merged PR 1279: Export a selection as GeoPackage", 124],
  [adele, "Merged PR 1280: Fix the legend of stacked layers\n\nRelated work items: #4412", 101],
  [alex, "Merged PR 1282: Keep the map's position in the address", 76],
  [diego, "Merged PR 1283: Remove the old tile proxy", 53],
  [megan, "Merged PR 1285: Ask before a shared map is deleted", 29],
  [lee, "Merged PR 1286: Retry tile requests that time out", 22],
  [adele, "Merged PR 1288: Translate the import dialog into German", 8],
  [
    diego,
    "Merged PR 1289: Show the scale bar on printed maps\n\nRelated work items: #4431, #4437",
    3,
  ],
];

/** The source repository `web` with its one branch. Its history is a line, as squash merges leave it. */
export class Source {
  /** Oldest first. */
  readonly #commits: SourceCommit[] = [];

  constructor(now: number) {
    for (const [person, message, hours] of history) {
      this.#add(message, { name: person.name, email: person.email }, new Date(now - hours * hour));
    }
  }

  get head(): SourceCommit {
    const head = this.#commits.at(-1);
    if (head === undefined) throw new Error("the repository is empty");
    return head;
  }

  push(message: string, author: { readonly name: string; readonly email: string }): SourceCommit {
    return this.#add(message, author, new Date());
  }

  find(id: string): SourceCommit | undefined {
    return this.#commits.find((commit) => commit.id === id.toLowerCase());
  }

  /** The commit of the history by its place, counted from the newest that the sandbox starts with. */
  beforeHead(count: number): SourceCommit {
    const commit = this.#commits[history.length - 1 - count];
    if (commit === undefined)
      throw new Error(`the history has no ${count} commits before its head`);
    return commit;
  }

  /** Commits that `to` has and `from` has not, newest first; without `from`, all that `to` has. */
  between(from: string | undefined, to: string): SourceCommit[] {
    const end = this.#commits.findIndex((commit) => commit.id === to);
    const start = from === undefined ? -1 : this.#commits.findIndex((commit) => commit.id === from);
    return this.#commits.slice(start + 1, end + 1).toReversed();
  }

  #add(message: string, author: SourceCommit["author"], date: Date): SourceCommit {
    const parent = this.#commits.at(-1)?.id;
    // Without the date, so that the history has the same ids whenever the sandbox starts.
    const content = [parent, author.email, message].join("\n");
    const id = createHash("sha1").update(content).digest("hex");
    const commit = { id, parent, message, author, date };
    this.#commits.push(commit);
    return commit;
  }
}
