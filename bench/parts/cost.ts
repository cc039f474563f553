import type { JournalEntry, StandIn } from "../../sandbox/stand-in.ts";
import { startStage, type Stage } from "../stage.ts";
import type { Part } from "../part.ts";
import type { Saved } from "../told.ts";

/** Real time: how often omnibot looks depends on how long things take. */
const speed = 1;
/** How long the question stays on the card before it is approved, in milliseconds. */
const thought = 3000;

const services = ["github", "azure-devops", "registry", "kubernetes", "teams"] as const;
type Service = (typeof services)[number];

const titles: Readonly<Record<Service, string>> = {
  github: "GitHub",
  "azure-devops": "Azure DevOps",
  registry: "registry",
  kubernetes: "Kubernetes",
  teams: "Teams",
};

/** What one deployment asks of each service, step by step: the first of its process, which pays for what is kept afterwards. */
export const cost: Part = {
  name: "cost",
  title: "what one deployment asks of every service, at real speed",
  async measure(run) {
    const stage = await startStage({ folder: run.folder, speed: run.short ? 40 : speed });
    try {
      run.note("A deployment at the sandbox's real speed takes about a minute.");
      return told(await follow(stage));
    } finally {
      await stage.close();
    }
  },
};

interface Followed {
  readonly saves: readonly Saved[];
  readonly journals: Readonly<Record<Service, readonly JournalEntry[]>>;
  readonly bytes: Readonly<Record<Service, { readonly sent: number; readonly received: number }>>;
  readonly from: number;
}

async function follow(stage: Stage): Promise<Followed> {
  const from = Date.now();
  const before = await bytesOf(stage);
  const count = stage.saves.length;
  const { approvedAt } = await stage.deploy("production");
  const end = await stage.until(
    "the end",
    ({ state, at }) => at > approvedAt && state !== "active",
  );
  if (end.state !== "live") throw new Error(`the deployment is ${end.state}`);
  // The last picture of the card, and the reply.
  await new Promise((resolve) => setTimeout(resolve, thought));
  const after = await bytesOf(stage);
  const standIns = standInsOf(stage);
  const journals = mapServices((name) =>
    standIns[name].journal.filter(({ at, path }) => at >= from && !path.startsWith("/_sandbox")),
  );
  const bytes = mapServices((name) => ({
    sent: after[name].sent - before[name].sent,
    received: after[name].received - before[name].received,
  }));
  return { saves: stage.saves.slice(count), journals, bytes, from };
}

function standInsOf({ world, teams }: Stage): Readonly<Record<Service, StandIn>> {
  return {
    github: world.github.standIn,
    "azure-devops": world.azureDevOps.standIn,
    registry: world.registry.standIn,
    kubernetes: world.kubernetes.standIn,
    teams: teams.standIn,
  };
}

async function bytesOf(stage: Stage) {
  const { bytes } = await stage.measure();
  const standIns = standInsOf(stage);
  return mapServices((name) => bytes[new URL(standIns[name].url).port] ?? { sent: 0, received: 0 });
}

function mapServices<Value>(of: (name: Service) => Value): Readonly<Record<Service, Value>> {
  return Object.fromEntries(services.map((name) => [name, of(name)])) as Record<Service, Value>;
}

function told(followed: Followed) {
  const { journals, bytes } = followed;
  const rows = services.map((name) => {
    const journal = journals[name];
    const writes = journal.filter(({ method }) => method !== "GET" && method !== "HEAD").length;
    const unchanged = journal.filter(({ status }) => status === 304).length;
    const watches = journal.filter(({ path }) => /[?&]watch=true/.test(path)).length;
    const { sent, received } = bytes[name];
    return [
      titles[name],
      journal.length,
      writes,
      unchanged,
      watches,
      sent / 1024,
      received / 1024,
    ] as const;
  });
  const counted = journals.github.filter(({ status }) => status !== 304);
  const points = counted.reduce((sum, { method }) => sum + (method === "GET" ? 1 : 5), 0);
  const content = counted.filter(({ method }) => ["POST", "PUT", "PATCH"].includes(method)).length;
  const limits = [
    ["GitHub: requests of 5000 an hour", counted.length, (100 * counted.length) / 5000],
    ["GitHub: points of 900 a minute, were it all in one", points, (100 * points) / 900],
    ["GitHub: content of 500 an hour", content, (100 * content) / 500],
    [
      "Teams: messages and edits of 1800 an hour to a channel",
      journals.teams.length,
      (100 * journals.teams.length) / 1800,
    ],
  ] as const;
  const steps = byStep(followed);
  const figures = {
    ...Object.fromEntries(
      services.map((name) => [`requests to ${titles[name]}`, journals[name].length]),
    ),
    "requests that GitHub counts": counted.length,
    ...Object.fromEntries(
      services.map((name) => [`KB from ${titles[name]}`, bytes[name].received / 1024]),
    ),
    looks: followed.saves.length,
  };
  return {
    tables: [
      {
        title: "One deployment",
        columns: [
          "service",
          "requests",
          "writes",
          "unchanged (304)",
          "watches",
          "KB sent",
          "KB received",
        ],
        rows,
      },
      { title: "Its share of the limits", columns: ["limit", "used", "%"], rows: limits },
      {
        title: "Step by step",
        columns: ["step", "seconds", "looks", ...services.map((name) => titles[name])],
        rows: steps,
      },
    ],
    figures,
    goals: [],
  };
}

/** Which step each request belongs to: the one that the row was in when it was asked. */
function byStep({ saves, journals, from }: Followed) {
  const spans: { readonly step: string; readonly from: number; to: number; looks: number }[] = [];
  let at = from;
  for (const save of saves) {
    const step = stepBefore(save, saves);
    const last = spans.at(-1);
    if (last?.step === step) {
      last.to = save.at;
      last.looks += 1;
    } else spans.push({ step, from: at, to: save.at, looks: 1 });
    at = save.at;
  }
  return spans.map((span) => [
    span.step,
    (span.to - span.from) / 1000,
    span.looks,
    ...services.map(
      (name) =>
        journals[name].filter((entry) => entry.at >= span.from && entry.at < span.to).length,
    ),
  ]);
}

/** A save tells the step that comes next: what it looked at is the one before. */
function stepBefore(save: Saved, saves: readonly Saved[]): string {
  const before = saves[saves.indexOf(save) - 1];
  return before?.step ?? "approve";
}
