import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { nodeFlags } from "../../sandbox/bot-process.ts";
import { neverOutlive } from "../../sandbox/child.ts";
import { freePort } from "../../sandbox/free-port.ts";
import { configureAlone } from "../configuration.ts";
import type { Part, Run, Table } from "../part.ts";
import { median } from "../statistics.ts";

const root = join(import.meta.dirname, "../..");
const megabyte = 1024 * 1024;
/** How long a process may need to be ready, in milliseconds. */
const patience = 60_000;

/** What is heavy among the packages that omnibot loads. */
const heavy = [
  "@kubernetes/client-node",
  "botbuilder",
  "restify",
  "@azure/identity",
  "adaptivecards-templating",
  "azure-devops-node-api",
  "kysely",
  "zod",
  "@octokit/rest",
  "pg",
  "better-sqlite3",
];

/** From the start of the process until it says that it is ready, and what it holds then. */
export const start: Part = {
  name: "start",
  title: "from process start to ready, memory at rest, what is delivered",
  async measure(run) {
    const rounds = run.short ? 1 : 4;
    const packages = run.short ? heavy.slice(0, 2) : heavy;
    const kinds = await kindsOf(run);
    const found = new Map<string, Started[]>();
    for (const kind of kinds) await startOnce(kind, 0);
    for (let round = 0; round < rounds; round += 1) {
      for (const kind of round % 2 === 0 ? kinds : kinds.toReversed()) {
        const started = await startOnce(kind, run.short ? 500 : 4000);
        found.set(kind.name, [...(found.get(kind.name) ?? []), started]);
      }
    }
    const imports = new Map<string, Imported[]>();
    for (let round = 0; round < (run.short ? 1 : 3); round += 1) {
      for (const name of ["node:fs", ...packages])
        imports.set(name, [...(imports.get(name) ?? []), await importOnce(name)]);
    }
    return told(kinds, found, imports);
  },
};

interface Kind {
  readonly name: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** What it prints when it is ready. */
  readonly sign: string;
}

interface Started {
  /** Milliseconds. */
  readonly time: number;
  /** Resident bytes, when it has rested. */
  readonly memory: number;
}

interface Imported {
  readonly time: number;
  readonly memory: number;
}

async function kindsOf({ folder }: Run): Promise<readonly Kind[]> {
  const { environment } = configureAlone(folder, ["production"], ["19:start@thread.tacv2"]);
  // As the image starts it (infra/image/Dockerfile).
  const omnibot = {
    args: [...nodeFlags, "src/main.ts"],
    environment: { ...environment, NODE_COMPILE_CACHE: join(folder, "compiled") },
    sign: "omnibot is ready",
  };
  return [
    {
      name: "node, and nothing else",
      args: ["-e", "console.log('ready'); setInterval(() => {}, 1e6)"],
      environment: {},
      sign: "ready",
    },
    { name: "echo bot", args: ["bench/echo-bot.ts"], environment: {}, sign: "ready" },
    { name: "omnibot", ...omnibot },
    {
      name: "omnibot, nothing compiled yet",
      ...omnibot,
      environment,
    },
  ];
}

async function startOnce(kind: Kind, rest: number): Promise<Started> {
  const port = await freePort();
  const before = performance.now();
  const child = spawn(process.execPath, ["--no-warnings", ...kind.args], {
    cwd: root,
    env: {
      PATH: process.env["PATH"] ?? "",
      NODE_ENV: "production",
      ...kind.environment,
      PORT: String(port),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  neverOutlive(child);
  const late = setTimeout(() => child.kill("SIGKILL"), patience);
  let time: number | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes(kind.sign)) continue;
    time = performance.now() - before;
    break;
  }
  if (time === undefined) throw new Error(`${kind.name} ended before it was ready`);
  await delay(rest);
  const memory = residentOf(child.pid ?? 0);
  clearTimeout(late);
  child.kill("SIGTERM");
  await once(child, "exit");
  return { time, memory };
}

/** Resident memory of a process in bytes, as Linux counts it. */
function residentOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

async function importOnce(name: string): Promise<Imported> {
  const script = `const before = performance.now(); await import(${JSON.stringify(name)});
    console.log(JSON.stringify({ time: performance.now() - before, memory: process.memoryUsage.rss() }));`;
  const child = spawn(process.execPath, ["--no-warnings", "--input-type=module", "-e", script], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    timeout: patience,
  });
  neverOutlive(child);
  let said = "";
  for await (const line of createInterface({ input: child.stdout })) said += line;
  return z.object({ time: z.number(), memory: z.number() }).parse(JSON.parse(said));
}

function told(
  kinds: readonly Kind[],
  found: ReadonlyMap<string, readonly Started[]>,
  imports: ReadonlyMap<string, readonly Imported[]>,
) {
  const middle = (name: string): Started => {
    const all = found.get(name) ?? [];
    return {
      time: median(all.map(({ time }) => time)),
      memory: median(all.map(({ memory }) => memory)),
    };
  };
  const rows = kinds.map(({ name }) => {
    const { time, memory } = middle(name);
    return [name, time, memory / megabyte] as const;
  });
  const bare = median((imports.get("node:fs") ?? []).map(({ memory }) => memory));
  const weights = [...imports]
    .filter(([name]) => name !== "node:fs")
    .map(
      ([name, all]) =>
        [
          name,
          median(all.map(({ time }) => time)),
          (median(all.map(({ memory }) => memory)) - bare) / megabyte,
        ] as const,
    );
  const sizes = sizesOf();
  const tables: readonly Table[] = [
    { title: "Start", columns: ["process", "ready after (ms)", "resident at rest (MB)"], rows },
    {
      title: "What imports cost, each alone in a process without a compile cache",
      columns: ["package", "time (ms)", "resident (MB)"],
      rows: weights,
    },
    { title: "What is delivered", columns: ["part", "MB"], rows: Object.entries(sizes) },
  ];
  const omnibot = middle("omnibot");
  const figures = {
    "ready after (ms)": omnibot.time,
    "ready after, nothing compiled (ms)": middle("omnibot, nothing compiled yet").time,
    "echo bot ready after (ms)": middle("echo bot").time,
    "resident at rest (MB)": omnibot.memory / megabyte,
    ...Object.fromEntries(Object.entries(sizes).map(([name, size]) => [`${name} (MB)`, size])),
  };
  const goals = [
    { what: "resident memory at rest", found: omnibot.memory / megabyte, most: 250, unit: "MB" },
  ];
  return { tables, figures, goals };
}

const lock = z.object({
  packages: z.record(z.string(), z.object({ dev: z.boolean().optional() })),
});

/** The production packages and the sources that go into the image, in megabytes. */
function sizesOf() {
  const { packages } = lock.parse(
    JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")),
  );
  const production = Object.entries(packages)
    .filter(([path, { dev }]) => path !== "" && dev !== true)
    .map(([path]) => path);
  const own = (path: string) => sizeOf(join(root, path), new Set(["node_modules"])) / megabyte;
  const sources = ["src", "cards", "package.json"];
  const sum = (paths: readonly string[]) => paths.reduce((all, path) => all + own(path), 0);
  return {
    [`production packages, ${production.length} of them`]: sum(production),
    "sources and cards": sum(sources),
    "context of the image's build": sum([...sources, "package-lock.json"]),
  };
}

/** Bytes of a file, or of a folder without some of its folders; 0 where it is not there (another system's package). */
function sizeOf(path: string, without: ReadonlySet<string>): number {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path)
    .filter((name) => !without.has(name))
    .reduce((sum, name) => sum + sizeOf(join(path, name), without), 0);
}
