import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { startBotConnector, type BotConnector } from "../../sandbox/bot-connector/bot-connector.ts";
import { freePort } from "../../sandbox/free-port.ts";
import { startIdentity, type Identity } from "../../sandbox/identity/identity.ts";
import type { Scenario } from "../../sandbox/scenario.ts";
import { startWorld, type World } from "../../sandbox/world.ts";
import { loadSettings } from "../../src/config/load-settings.ts";
import type { Deployment } from "../../src/deployment/deployment.ts";
import { createLog } from "../../src/log.ts";
import { startOmnibot, type Parts } from "../../src/omnibot.ts";

export interface StageOptions {
  /** What the next build brings. */
  readonly scenario?: Scenario;
  /** Flux comes without the feature gate by which a newer revision ends the wait for an older one. */
  readonly patientFlux?: true;
  /** omnibot with a bug, or with rows of another version or configuration of it. */
  readonly between?: (parts: Parts) => Parts;
  /** Changes the configuration of the environment `production`, as it stands in omnibot.yaml. */
  readonly config?: (production: Record<string, unknown>) => void | Promise<void>;
}

/** One world, one channel and omnibot, for one story. Everything here may be changed by its case. */
export interface Stage {
  readonly world: World;
  readonly teams: BotConnector;
  /** Deployments as omnibot saved them last, by number. */
  readonly saved: ReadonlyMap<number, Deployment>;
  /** The thread of the request, once it was made. */
  threadId: string;
  /** Whether omnibot's change was merged. */
  readonly merged: boolean;
  /** Somebody changes a file in Git by hand, the HelmRelease's or another one. */
  edit(change: (text: string) => string, file?: string): Promise<void>;
  /** The end of omnibot's log. */
  log(): string;
  close(): Promise<void>;
}

/** How long one request may take, in milliseconds of the machine. */
const patience = 2000;
/** How long what is under way is held, in milliseconds of the machine. */
const lease = 30_000;

/** Whom omnibot has its tokens from: its client remembers that as long as the process lives. */
let identity: Identity | undefined;

export const releaseFile = "clusters/operations/production/helm-release.yaml";

/** `speed` is that of the world and of this process (hurryTime): its time has to be fast already. */
export async function startStage(
  { config, scenario, patientFlux, between }: StageOptions,
  speed: number,
): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "omnibot-diagnosis-"));
  identity ??= await startIdentity();
  const world = await startWorld({
    folder: join(folder, "world"),
    speed,
    identity,
    scenario: scenario ?? "success",
    cancelOnNewRevision: patientFlux === undefined,
  });
  const port = await freePort();
  const teams = await startBotConnector({ botUrl: `http://127.0.0.1:${port}/api/messages` });
  // Some clients read these by themselves.
  Object.assign(process.env, world.environment);
  await configure(world, config);
  const lines: string[] = [];
  const log = createLog("info", { write: (line) => void lines.push(line) });
  const saved = new Map<number, Deployment>();
  const omnibot = await startOmnibot(
    loadSettings({ ...world.environment, PORT: String(port) }),
    log,
    (parts) => hurried(between?.(parts) ?? parts, speed, saved),
    { clock: { now: () => Date.now() }, patience, lease: lease * speed },
  );
  let merged = false;
  let editing = false;
  const forget = world.github.onPush(({ branch }) => {
    if (branch === "main" && !editing) merged = true;
  });
  return {
    world,
    teams,
    saved,
    get merged() {
      return merged;
    },
    threadId: "",
    async edit(change, file = releaseFile) {
      editing = true;
      await world.github.pushCommit({ path: file, edit: change, message: "Change it by hand" });
      editing = false;
    },
    log: () => lines.slice(-25).join(""),
    async close() {
      forget();
      await omnibot.stop();
      await teams.close();
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** In fast time the soak is what people configure. */
async function configure(world: World, change: StageOptions["config"]): Promise<void> {
  const file = world.environment["OMNIBOT_CONFIG"] ?? "";
  const config = z
    .looseObject({ environments: z.object({ production: z.record(z.string(), z.unknown()) }) })
    .parse(parse(readFileSync(file, "utf8")));
  const { production } = config.environments;
  production["rollout"] = { soak: "10s" };
  await change?.(production);
  writeFileSync(file, stringify(config));
}

/** Makes the loops sleep as long as their moments are away in fast time, and keeps what is saved. */
function hurried(parts: Parts, speed: number, saved: Map<number, Deployment>): Parts {
  const { ledger, threads } = parts;
  return {
    ...parts,
    ledger: {
      ...ledger,
      async nextDue() {
        const next = await ledger.nextDue();
        const now = Date.now();
        return next === undefined ? next : now + (next - now) / speed;
      },
      async save(claim, update, keepUntil) {
        const done = await ledger.save(claim, update, keepUntil);
        if (done.state !== "lost") saved.set(update.deployment.id, update.deployment);
        return done;
      },
    },
    threads: {
      ...threads,
      // The thread's own poll is a second of the machine: it is asked again at once, and finds that time has passed.
      releaseThread: (claim, sent, shownRevision, nextAt) =>
        threads.releaseThread(claim, sent, shownRevision, Math.min(nextAt, Date.now() + speed)),
    },
  };
}
