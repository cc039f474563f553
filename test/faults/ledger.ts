import { fork, execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeSync, openSync, closeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { asLedgerError } from "../../src/store/ledger-error.ts";
import { startPostgres, type Postgres } from "../postgres.ts";
import type { Cell } from "./cell.ts";
import type { Expectation } from "./judge.ts";
import type { LedgerFault } from "./observed.ts";
import type { Stage } from "./stage.ts";
import { told, type Tale } from "./tale.ts";

/** What a driver throws, as omnibot's ledger passes it on. */
const errors = {
  locked: () => coded("SQLITE_BUSY", "database is locked"),
  "disk full": () => coded("SQLITE_FULL", "database or disk is full"),
  "connection lost": () => coded("57P01", "terminating connection due to administrator command"),
};

function coded(code: string, message: string): Error {
  return asLedgerError(Object.assign(new Error(message), { code })) as Error;
}

/** What a message may cost whose sending could not be written down: the one double that there may be. */
const cardInDoubt: Expectation["counts"] = { cards: [1, 2], ends: [0, 1] };

interface Method extends Pick<LedgerFault, "method" | "name"> {
  readonly from?: "approval";
  readonly counts?: Expectation["counts"];
}

const effects = ["start-run", "create-branch", "commit-tag", "open-pull-request", "merge"];

const methods: readonly Method[] = [
  { method: "create" },
  { method: "claim" },
  { method: "save" },
  { method: "approve", from: "approval" },
  { method: "claim", from: "approval" },
  { method: "save", from: "approval" },
  { method: "findEffect", from: "approval" },
  { method: "nextDue", from: "approval" },
  { method: "claimThread", from: "approval" },
  { method: "keepThread", counts: cardInDoubt },
  { method: "keepThread", from: "approval", counts: { ends: [0, 1] } },
  { method: "releaseThread", from: "approval" },
  ...effects.flatMap((name): Method[] => [
    { method: "intend", name, from: "approval" },
    { method: "settle", name, from: "approval" },
  ]),
];

/** The ledger does not answer, before a change or after it was made. */
const callCells: readonly Cell[] = methods.flatMap(({ method, name, from, counts }, row) =>
  (["locked", "disk full", "connection lost"] as const).map((what, column) => {
    // Nothing was done when the file was locked or full; a lost connection says nothing about that.
    const when = what === "connection lost" ? "after" : "before";
    const fault: LedgerFault = {
      method,
      ...(name === undefined ? {} : { name }),
      when,
      times: 2,
      error: errors[what](),
    };
    const call = [method, name, from === undefined ? "" : "(approved)"].filter(Boolean).join(" ");
    return told({
      port: "ledger",
      call,
      fault: `${what}, ${when}`,
      form: (row + column) % 3 === 0 ? "always" : "full",
      ends: ["live"],
      ...(counts === undefined ? {} : { counts }),
      prepare(stage) {
        fault.times = 2;
        const arm = () => void stage.seen.ledgerFaults.push(fault);
        return from === "approval" ? { approved: arm } : { asked: arm };
      },
      isMet: () => fault.times < 2,
    });
  }),
);

/** Another process holds SQLite's file for so long (ms): shorter, and longer than omnibot waits for it (5 s). */
const lockCells: readonly Cell[] = [1500, 6500].map((time) => {
  let held = false;
  const hold = async (stage: Stage) => {
    await holdFile(stage.ledger, time);
    held = true;
  };
  return told({
    port: "ledger",
    call: "SQLite file",
    fault: `locked by another process for ${time / 1000} s`,
    ends: ["live"],
    counts: cardInDoubt,
    prepare(stage) {
      held = false;
      return { followed: () => hold(stage) };
    },
    isMet: () => held,
  });
});

/** Resolves as soon as the other process has the file; that lets it go by itself. */
async function holdFile(file: string, time: number): Promise<void> {
  const child = fork(new URL("hold-file.ts", import.meta.url), [file, String(time)], {
    execArgv: ["--no-warnings"],
  });
  const [word] = (await once(child, "message")) as unknown[];
  if (word !== "held") throw new Error("the file could not be held");
}

interface Disk {
  readonly folder: string;
  fill(): void;
  free(): void;
  remove(): void;
}

/** A disk of 12 MB. Needs the right to mount. */
function mountDisk(): Disk {
  const folder = mkdtempSync(join(tmpdir(), "omnibot-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=12m", "tmpfs", folder]);
  const filler = join(folder, "filler");
  return {
    folder,
    fill() {
      const file = openSync(filler, "w");
      try {
        for (let size = 1024 * 1024; size >= 1; size = Math.floor(size / 2)) fillBy(file, size);
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(filler, { force: true }),
    remove() {
      execFileSync("umount", ["--lazy", folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function fillBy(file: number, size: number): void {
  const bytes = Buffer.alloc(size);
  try {
    for (;;) if (writeSync(file, bytes) < size) return;
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "ENOSPC") throw error;
  }
}

const mayMount = process.getuid?.() === 0;

/** A real disk that is full for a while, where this machine may mount one; the cells above say SQLITE_FULL everywhere. */
const diskCells: readonly Cell[] = !mayMount
  ? []
  : (["asked", "approved", "followed"] as const).map((when) => {
      let disk: Disk | undefined;
      let filled = false;
      const fill = () => {
        disk?.fill();
        filled = true;
        setTimeout(() => disk?.free(), 2500);
      };
      const tale: Tale = {
        port: "ledger",
        call: "SQLite file",
        fault: `disk full for 2.5 s, ${when}`,
        form: when === "approved" ? "always" : "full",
        ends: ["live"],
        counts: cardInDoubt,
        prepare(stage) {
          filled = false;
          void stage;
          return { [when]: fill };
        },
        isMet: () => filled,
        tidy: () => disk?.remove(),
      };
      const cell = told(tale);
      return {
        ...cell,
        play(stage) {
          disk = mountDisk();
          return told({ ...tale, setup: { poke: "annotation", data: disk.folder } }).play(stage);
        },
      };
    });

let postgres: Promise<Postgres> | undefined;
let databases = 0;

/** One cluster for each process of the suite, and a new database in it for each story. */
async function freshDatabase(): Promise<{ readonly cluster: Postgres; readonly url: string }> {
  if (postgres === undefined) {
    postgres = startPostgres();
    const cluster = await postgres;
    process.once("exit", () => cluster.remove());
  }
  const cluster = await postgres;
  databases += 1;
  const name = `story${databases}`;
  const client = new Client({ connectionString: cluster.url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  return { cluster, url: cluster.url.replace(/postgres$/, name) };
}

interface Outage {
  readonly fault: string;
  readonly when: "asked" | "approved" | "followed";
  readonly mode: "fast" | "immediate";
  /** Milliseconds. */
  readonly away: number;
  readonly form: Cell["form"];
}

const outages: readonly Outage[] = [
  { fault: "restarted before the request", when: "asked", mode: "fast", away: 0, form: "full" },
  {
    fault: "restarted before the approval",
    when: "approved",
    mode: "fast",
    away: 0,
    form: "always",
  },
  { fault: "restarted during the build", when: "followed", mode: "fast", away: 0, form: "full" },
  {
    fault: "crashed during the build",
    when: "followed",
    mode: "immediate",
    away: 0,
    form: "always",
  },
  {
    fault: "away for 3 s during the build",
    when: "followed",
    mode: "fast",
    away: 3000,
    form: "always",
  },
];

const postgresCells: readonly Cell[] = outages.map(({ fault, when, mode, away, form }) => ({
  port: "ledger",
  call: "PostgreSQL",
  fault,
  form,
  async play(stage) {
    const { cluster, url } = await freshDatabase();
    let wasAway = false;
    const tale: Tale = {
      port: "ledger",
      call: "PostgreSQL",
      fault,
      ends: ["live"],
      counts: cardInDoubt,
      setup: { poke: "annotation", postgres: url },
      prepare: () => ({
        async [when]() {
          cluster.stop(mode);
          await delay(away);
          cluster.start();
          wasAway = true;
        },
      }),
      isMet: () => wasAway,
    };
    return told(tale).play(stage);
  },
}));

export const ledgerCells: readonly Cell[] = [
  ...callCells,
  ...lockCells,
  ...diskCells,
  ...postgresCells,
];
