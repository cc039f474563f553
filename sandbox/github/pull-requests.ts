import { readMergeBase } from "./history.ts";
import { mergeTrees } from "./merge.ts";
import type { GitRepository, Push } from "./repository.ts";

export interface PullRequest {
  readonly number: number;
  title: string;
  body: string | null;
  readonly head: string;
  readonly base: string;
  readonly draft: boolean;
  /** Where the branch stands, or stood when it was merged or closed. */
  headSha: string;
  baseSha: string;
  readonly createdAt: number;
  updatedAt: number;
  closedAt: number | undefined;
  merge: { readonly sha: string; readonly at: number } | undefined;
}

export type PullRequestAction = "opened" | "synchronize" | "closed";

export type Mergeable = "unknown" | "clean" | "dirty";

const firstNumber = 871;

/** The pull requests of this run of the sandbox. They live in memory; branches and commits are on disk. */
export class PullRequests {
  readonly #repository: GitRepository;
  readonly #all: PullRequest[] = [];
  readonly #tested = new Map<number, string>();

  /** Told what happened to one. */
  changed: (action: PullRequestAction, pull: PullRequest) => void = () => {};

  constructor(repository: GitRepository) {
    this.#repository = repository;
    repository.onPush((push) => this.#follow(push));
  }

  create(
    made: Pick<PullRequest, "title" | "body" | "head" | "base" | "headSha" | "baseSha" | "draft">,
  ): PullRequest {
    const now = Date.now();
    const number = firstNumber + this.#all.length;
    const pull = {
      ...made,
      number,
      createdAt: now,
      updatedAt: now,
      closedAt: undefined,
      merge: undefined,
    };
    this.#all.push(pull);
    this.changed("opened", pull);
    return pull;
  }

  get(number: number): PullRequest | undefined {
    return this.#all.find((pull) => pull.number === number);
  }

  /** Newest first. */
  list(): readonly PullRequest[] {
    return this.#all.toReversed();
  }

  findOpen(head: string, base: string): PullRequest | undefined {
    return this.#all.find((pull) => pull.head === head && pull.base === base && isOpen(pull));
  }

  close(pull: PullRequest): void {
    if (!isOpen(pull)) return;
    pull.closedAt = pull.updatedAt = Date.now();
    this.changed("closed", pull);
  }

  /** `base` is where the base branch stood before: from there the changes stay countable. */
  markMerged(pull: PullRequest, base: string, sha: string): void {
    const at = Date.now();
    pull.baseSha = base;
    pull.merge = { sha, at };
    pull.closedAt = pull.updatedAt = at;
    this.changed("closed", pull);
  }

  /** The commit from which the pull request's changes are counted. */
  async base(pull: PullRequest): Promise<string> {
    return (await readMergeBase(this.#repository, pull.baseSha, pull.headSha)) ?? pull.baseSha;
  }

  /** Whether it could be merged. Like GitHub, the first question after a change gets no answer yet. */
  async mergeable(pull: PullRequest): Promise<Mergeable> {
    const pair = `${pull.baseSha} ${pull.headSha}`;
    if (this.#tested.get(pull.number) !== pair) {
      this.#tested.set(pull.number, pair);
      return "unknown";
    }
    return (await mergeTrees(this.#repository, pull.baseSha, pull.headSha)) === undefined
      ? "dirty"
      : "clean";
  }

  #follow(push: Push): void {
    for (const pull of this.#all.filter(isOpen)) {
      if (push.branch === pull.base && push.after !== undefined) pull.baseSha = push.after;
      if (push.branch !== pull.head) continue;
      pull.updatedAt = Date.now();
      if (push.after === undefined) this.close(pull);
      else {
        pull.headSha = push.after;
        this.changed("synchronize", pull);
      }
    }
  }
}

export function isOpen(pull: PullRequest): boolean {
  return pull.closedAt === undefined;
}
