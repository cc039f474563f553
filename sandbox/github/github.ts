import { unwatchFile, watchFile } from "node:fs";
import { join } from "node:path";
import { adele } from "../people.ts";
import { type Fault, type JournalEntry, StandIn } from "../stand-in.ts";
import { addDeploymentRoutes, type RecordedDeployment } from "./deployments.ts";
import type { Outbox } from "../hooks/outbox.ts";
import { makeAddress } from "./address.ts";
import { Api } from "./api.ts";
import { addCommitRoutes } from "./commits.ts";
import { addContentRoutes } from "./contents.ts";
import { addMergeAsyncRoutes } from "./merge-async.ts";
import { addMergeRoutes } from "./merge-routes.ts";
import { addPages } from "./pages.ts";
import { PullRequests } from "./pull-requests.ts";
import { addProtectionRoutes } from "./protection.ts";
import { addPullRoutes } from "./pulls.ts";
import { addRefRoutes } from "./refs.ts";
import { GitRepository, type Push, type Signature } from "./repository.ts";
import { addRuleRoutes, BranchRules } from "./rules.ts";
import { seedGitOps } from "./seed.ts";
import { createWebhook } from "./webhook.ts";
import { writeRepository } from "./wire.ts";

export interface GitHubOptions {
  /** Where the bare repository lives: `<folder>/omnispatial/gitops.git`, seeded when it is not there. */
  readonly folder: string;
  readonly port?: number;
  /** Environments beside production that the repository describes too. */
  readonly environments?: readonly string[];
  readonly token?: string;
  /** Divides every duration. */
  readonly speed?: number;
  /** Milliseconds, before `speed`, until an asynchronous merge happens. */
  readonly mergeDelay?: number;
  /** false: without the asynchronous merge, as GitHub Enterprise Server. */
  readonly mergeAsync?: boolean;
  /** Where its webhook goes, with the secret that it signs with. */
  readonly hook?: { readonly outbox: Outbox; readonly secret: string } | undefined;
}

/** A change that somebody makes by hand. */
export interface HandMadeChange {
  readonly path: string;
  readonly edit: (text: string) => string;
  readonly message: string;
  readonly author?: Signature;
  readonly branch?: string;
}

export interface GitHub {
  readonly url: string;
  /** The bare repository: `git clone` it. */
  readonly gitDir: string;
  readonly journal: readonly JournalEntry[];
  readonly faults: Fault[];
  /** What was recorded, oldest first. */
  readonly deployments: readonly RecordedDeployment[];
  readonly standIn: StandIn;
  /** What `main` asks of a merge; to be changed at any time. */
  readonly rules: BranchRules;
  /** Commits on a branch without a pull request; returns the commit. Throws when the file is not there. */
  pushCommit(change: HandMadeChange): Promise<string>;
  /** Calls the listener whenever a branch moves, by whatever hand, until the returned function is called. */
  onPush(listener: (push: Push) => void): () => void;
  close(): Promise<void>;
}

export const sandboxToken = "sandbox-github-token";

/** Serves GitHub's REST API and its pages for people in front of a real git repository. */
export async function startGitHub(options: GitHubOptions): Promise<GitHub> {
  const gitDir = await seedGitOps(options.folder, Date.now(), options.environments);
  const repository = new GitRepository(gitDir);
  const standIn = new StandIn("github");
  const api = new Api(standIn, repository, options.token ?? sandboxToken, () =>
    makeAddress(standIn.url),
  );
  const pulls = new PullRequests(repository);
  if (options.hook !== undefined) {
    const address = () => makeAddress(standIn.url);
    const described = () => writeRepository(address(), gitDir);
    const webhook = createWebhook({ ...options.hook, address, repository: described });
    repository.onPush((one) => webhook.push(one));
    pulls.changed = (action, pull) => webhook.pullRequest(action, pull);
  }
  const rules = new BranchRules();
  const closing = new AbortController();
  addRefRoutes(api);
  addContentRoutes(api);
  addCommitRoutes(api, rules);
  addProtectionRoutes(api, rules);
  addRuleRoutes(api, rules);
  const deployments = addDeploymentRoutes(api);
  addPullRoutes(api, pulls, rules);
  addMergeRoutes(api, pulls, rules);
  if (options.mergeAsync !== false) {
    const delay = (options.mergeDelay ?? 1500) / (options.speed ?? 1);
    addMergeAsyncRoutes(api, pulls, rules, { delay, closing: closing.signal });
  }
  addPages(standIn, api, pulls);
  const stopWatching = await watchMain(repository);
  await standIn.listen(options.port);
  return {
    get url() {
      return standIn.url;
    },
    gitDir,
    journal: standIn.journal,
    faults: standIn.faults,
    deployments,
    standIn,
    rules,
    pushCommit: (change) => repository.alone(() => commitByHand(repository, change)),
    onPush: (listener) => repository.onPush(listener),
    async close() {
      closing.abort();
      stopWatching();
      await standIn.close();
    },
  };
}

async function commitByHand(repository: GitRepository, change: HandMadeChange): Promise<string> {
  const branch = change.branch ?? "main";
  const head = await repository.head(branch);
  const entry = head === undefined ? undefined : await repository.entry(head, change.path);
  if (head === undefined || entry === undefined)
    throw new Error(`there is no ${change.path} on ${branch}`);
  const text = change.edit((await repository.blob(entry.sha)).toString("utf8"));
  const author = change.author ?? { name: adele.name, email: adele.email };
  const commit = await repository.commit({
    tree: await repository.treeWith(head, { [change.path]: text }),
    parents: [head],
    message: `${change.message}\n`,
    author,
    committer: author,
  });
  if (!(await repository.move(branch, head, commit))) throw new Error(`${branch} moved meanwhile`);
  return commit;
}

/** Notices a `git push` into the bare repository within a second. */
async function watchMain(repository: GitRepository): Promise<() => void> {
  let known = await repository.head("main");
  const forget = repository.onPush((push) => {
    if (push.branch === "main") known = push.after;
  });
  const file = join(repository.dir, "refs", "heads", "main");
  const look = async () => {
    const after = await repository.head("main");
    if (after !== undefined && after !== known)
      repository.announce({ branch: "main", before: known, after });
  };
  const listener = () => void look().catch(() => {});
  watchFile(file, { interval: 1000, persistent: false }, listener);
  return () => {
    unwatchFile(file, listener);
    forget();
  };
}
