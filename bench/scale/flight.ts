import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import SQLite from "better-sqlite3";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { startAzureDevOps } from "../../sandbox/azure-devops/azure-devops.ts";
import { nodeFlags } from "../../sandbox/bot-process.ts";
import { neverOutlive } from "../../sandbox/child.ts";
import { freePort } from "../../sandbox/free-port.ts";
import { planOf } from "../../src/deployment/steps.ts";
import { openDatabase } from "../../src/store/database.ts";
import { createLedger } from "../../src/store/ledger.ts";
import { migrate } from "../../src/store/migrations.ts";
import { startChannels } from "../channels.ts";
import { configureAlone } from "../configuration.ts";
import type { Run } from "../part.ts";
import { told, type Measure } from "../told.ts";

export interface Flight {
  readonly count: number;
  /** Each of these for one deployment and one minute. CPU in milliseconds. */
  readonly cpu: number;
  readonly calls: number;
  readonly edits: number;
  /** Of the process, in megabytes. */
  readonly memory: number;
}

const megabyte = 1024 * 1024;
/** Teams gives a channel a pace; more than these would wait for one another. */
const perChannel = 4;

/** So many deployments whose runs go on, and nothing else: what omnibot does for each of them meanwhile. */
export async function measureFlight(
  run: Run,
  counts: readonly number[],
): Promise<readonly Flight[]> {
  const found: Flight[] = [];
  for (const count of counts) {
    run.note(`${count} deployments in flight`);
    found.push(await fly(run, count));
  }
  return found;
}

async function fly({ folder, short }: Run, count: number): Promise<Flight> {
  const place = join(folder, `flight-${count}`);
  // Nothing ends while it is looked at.
  const azure = await startAzureDevOps({ speed: 1e-4, scenario: () => "success", push: () => {} });
  const channels = await startChannels();
  try {
    const environment = await prepare(place, count, azure.url, channels.serviceUrl);
    const log = openSync(join(place, "omnibot.log"), "a");
    const child = spawn(process.execPath, ["--no-warnings", ...nodeFlags, "bench/probe.ts"], {
      env: {
        PATH: process.env["PATH"] ?? "",
        ...environment,
        LOG_LEVEL: "error",
        PORT: String(await freePort()),
      },
      stdio: ["ignore", log, log, "ipc"],
    });
    neverOutlive(child);
    const measure = async (): Promise<Measure> => {
      child.send("measure");
      for (;;) {
        const [message]: unknown[] = await once(child, "message");
        const said = told.parse(message);
        if (said.type === "measure") return said;
      }
    };
    await ready(child);
    // By then what everybody needs is loaded. A card on which only times pass is edited at the first look after 20 seconds.
    await delay(short ? 1000 : 8000);
    const time = short ? 2000 : 27_000;
    const before = await measure();
    const [asked, edited] = [azure.standIn.journal.length, channels.edits()];
    await delay(time);
    const after = await measure();
    const share = 60_000 / time / count;
    const result = {
      count,
      cpu: (after.cpu - before.cpu) * share,
      calls: (azure.standIn.journal.length - asked) * share,
      edits: (channels.edits() - edited) * share,
      memory: after.memory / megabyte,
    };
    child.kill("SIGKILL");
    await once(child, "exit");
    return result;
  } finally {
    await azure.close();
    await channels.close();
  }
}

async function ready(child: ReturnType<typeof spawn>): Promise<void> {
  const ended = once(child, "exit").then(() => {
    throw new Error("omnibot ended while it started");
  });
  ended.catch(() => {});
  for (;;) {
    const said: unknown[] = await Promise.race([once(child, "message"), ended]);
    if (told.parse(said[0]).type === "ready") return;
  }
}

/** A ledger in which every environment has a run that goes on, for two minutes already: from then on it is asked every 10 seconds. */
async function prepare(
  folder: string,
  count: number,
  organization: string,
  serviceUrl: string,
): Promise<Readonly<Record<string, string>>> {
  const names = Array.from({ length: count }, (_, i) => `e${i}`);
  const channelOf = (i: number) => `19:c${Math.floor(i / perChannel)}@thread.tacv2`;
  const channelIds = [...new Set(names.map((_, i) => channelOf(i)))];
  mkdirSync(folder, { recursive: true });
  const { environment } = configureAlone(folder, names, channelIds, serviceUrl);
  const config = environment["OMNIBOT_CONFIG"] ?? "";
  const written = configuration.parse(parse(readFileSync(config, "utf8")));
  for (const one of Object.values(written.environments))
    one.build = { organization, project: "OmniSpatial", pipeline: 12 };
  writeFileSync(config, stringify(written));

  const file = join(environment["OMNIBOT_DATA"] ?? "", "omnibot.sqlite");
  const database = openDatabase({ file });
  await migrate(database);
  const ledger = createLedger(database.db);
  const begun = Date.now() - 2 * 60_000;
  const target = { from: "branch" } as const;
  for (const [i, name] of names.entries()) {
    const reference = { serviceUrl, conversation: { id: channelOf(i) }, bot: { id: "28:omnibot" } };
    await ledger.create(
      {
        key: `flight-${i}`,
        kind: "deploy",
        environment: name,
        target,
        requester: { id: "alex", name: "Alex Wilber" },
        requestedAt: begun,
        expiresAt: begun + 3_600_000,
        progress: planOf({ kind: "deploy", target }),
      },
      {
        id: `flight-${i}`,
        conversation: `${channelOf(i)};messageid=${i}`,
        reference: JSON.stringify(reference),
      },
    );
  }
  await database.db.destroy();
  await takeOff(file, begun, organization, names);
  return { ...environment, AZURE_DEVOPS_TOKEN: "sandbox-pat" };
}

const configuration = z.looseObject({
  environments: z.record(z.string(), z.looseObject({ build: z.unknown() })),
});
const started = z.object({ id: z.number() });
const story = z.looseObject({ progress: z.array(z.looseObject({ step: z.string() })) });

/** Brings the rows to where their runs have begun, with the evidence that the steps before leave. */
async function takeOff(
  file: string,
  begun: number,
  organization: string,
  names: readonly string[],
): Promise<void> {
  const database = new SQLite(file);
  const rows = z
    .array(z.object({ id: z.number(), key: z.string(), story: z.string() }))
    .parse(database.prepare("select id, key, story from deployment").all());
  const update = database.prepare(
    "update deployment set step = 'build', story = ?, next_at = ? where id = ?",
  );
  // Their looks are spread over their pause, as they are in life.
  const due = Date.now();
  const effect = database.prepare("insert into effect values (?, 'start-run', 'done', ?, ?)");
  for (const { id, key, story: text } of rows) {
    const run = await startRun(organization, key);
    const row = story.parse(JSON.parse(text));
    const progress = row.progress.map((one) => {
      if (one.step === "approve")
        return {
          ...one,
          state: "done",
          startedAt: begun,
          endedAt: begun,
          sentence: "by Megan Bowen",
        };
      return one.step === "build" ? { ...one, state: "running", startedAt: begun } : one;
    });
    const proposal = {
      release: { name: "omnispatial-web" },
      liveTag: "production-40655",
      commit: { id: run.commit },
    };
    const evidence = { proposal, run };
    database.transaction(() => {
      update.run(
        JSON.stringify({ ...row, progress, evidence }),
        due + (id * 10_000) / rows.length,
        id,
      );
      effect.run(id, begun, JSON.stringify(run));
    })();
  }
  database.close();
  if (rows.length !== names.length) throw new Error("not every deployment is in the ledger");
}

const head = z.object({ value: z.tuple([z.object({ objectId: z.string() })]) });

async function startRun(organization: string, key: string) {
  const authorization = `Basic ${Buffer.from(":sandbox-pat").toString("base64")}`;
  const project = `${organization}/OmniSpatial`;
  const refs = await fetch(
    `${project}/_apis/git/repositories/web/refs?filter=heads/main&api-version=7.1`,
    { headers: { authorization } },
  );
  const commit = head.parse(await refs.json()).value[0].objectId;
  const answer = await fetch(`${project}/_apis/pipelines/12/runs?api-version=7.1`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({
      resources: { repositories: { self: { refName: "refs/heads/main", version: commit } } },
      templateParameters: { environment: "production", omnibotDeploymentId: key },
    }),
  });
  if (!answer.ok) throw new Error(`no run was started: ${answer.status} ${await answer.text()}`);
  const { id } = started.parse(await answer.json());
  return { id, number: String(id), commit, url: `${project}/_build/results?buildId=${id}` };
}
