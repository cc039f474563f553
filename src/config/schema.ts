import { z } from "zod";
import type { WeekTime } from "./config.ts";
import { isLocalTime, weekdays } from "./freeze.ts";

/** How omnibot.yaml is written. Every problem is reported with its path; unknown keys are refused. */

const guid = z.guid("must be an Entra id, such as 00000000-0000-0000-0000-000000000000");
const guidPattern = /^(group:)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Somebody, or everybody of a group. */
const principal = z
  .string()
  .regex(guidPattern, "must be an Entra user id, or group: and an Entra group id");
const principals = z.array(principal).min(1, "needs at least one user or group").max(100);
const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and dashes");
const channel = z
  .string()
  .regex(/^19:[^;\s]+@thread\.(tacv2|skype)$/, "must be a channel id, such as 19:…@thread.tacv2");
const repository = z.string().regex(/^[\w.-]+\/[\w.-]+$/, "must be owner/name");
const loopback = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** A duration such as 90s, 60m or 2h; milliseconds once it is read. */
const duration = z
  .string()
  .regex(/^[1-9]\d{0,4}(s|m|h)$/, "must be a duration such as 90s, 60m or 2h")
  .transform(
    (text) =>
      Number(text.slice(0, -1)) *
      { s: 1000, m: 60_000, h: 3_600_000 }[text.slice(-1) as "s" | "m" | "h"],
  );

/** Plain http is for a service on this very machine only: everything else carries credentials. */
const address = z
  .url({ protocol: /^https?$/, error: "must be an https address" })
  .refine((text) => isSecure(text), "must be https; plain http is accepted for loopback only");

/** Whether what goes there cannot be read on the way. */
export function isSecure(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "https:" || loopback.has(url.hostname));
}

const registry = z
  .string()
  .regex(
    /^(http:\/\/)?[a-z0-9.[\]:-]+$/i,
    "must be the registry's host, such as omnispatial.azurecr.io",
  )
  .refine(
    (text) => !text.startsWith("http://") || isSecure(text),
    "plain http is accepted for loopback only",
  );

/** One placeholder must say which build it is, or every build would have the same tag. */
const tag = z
  .string()
  .regex(/^[\w.{}-]{1,128}$/, "must be a tag, such as {environment}-{buildId}")
  .refine(
    (text) => (text.match(/\{build(Id|Number)\}/g) ?? []).length === 1,
    "needs {buildId} or {buildNumber}, once",
  )
  .refine((text) => !/[{}]/.test(text.replaceAll(/\{(environment|buildId|buildNumber)\}/g, "")), {
    error: "knows only {environment}, {buildId} and {buildNumber}",
  });

const marker = z.union(
  [
    z.literal("none").transform(() => ({ kind: "none" as const })),
    z
      .strictObject({ parameter: z.string().min(1) })
      .transform((one) => ({ kind: "parameter" as const, name: one.parameter })),
    z
      .strictObject({ variable: z.string().min(1) })
      .transform((one) => ({ kind: "variable" as const, name: one.variable })),
  ],
  "must be none, { parameter: name } or { variable: name }",
);

const build = z.strictObject({
  organization: address.transform((text) => text.replace(/\/+$/, "")),
  project: z.string().min(1),
  pipeline: z.int().positive(),
  branch: z.string().min(1).default("main"),
  parameters: z.record(z.string(), z.string()).optional(),
  marker: marker.default({ kind: "parameter", name: "omnibotDeploymentId" }),
});

const image = z.strictObject({
  registry,
  repository: z
    .string()
    .regex(/^[a-z0-9]+([._/-]+[a-z0-9]+)*$/, "must be a repository, such as omnispatial/web"),
  tag: tag.default("{environment}-{buildId}"),
  access: z.enum(["entra", "basic", "anonymous"]).default("entra"),
});

const dottedPath = z
  .string()
  .regex(/^[\w-]+(\.[\w-]+)*$/, "must be a dotted path, such as spec.values.image.tag")
  .transform((text) => text.split("."));

const gitops = z.strictObject({
  repository,
  branch: z.string().min(1).default("main"),
  file: z
    .string()
    .regex(/^[^/\s][^\s]*\.ya?ml$/, "must be the path of a YAML file in the repository")
    .refine((text) => !text.split("/").includes(".."), "must not contain .."),
  path: dottedPath.prefault("spec.values.image.tag"),
  release: z.string().min(1).optional(),
  mergeMethod: z.enum(["merge", "squash", "rebase"]).default("squash"),
  poll: duration.default(60_000),
  records: z.boolean().default(false),
});

const cluster = z.union(
  [
    z.literal("in-cluster").transform(() => ({ kind: "in-cluster" as const })),
    z
      .strictObject({ kubeconfig: z.strictObject({ context: z.string().min(1).optional() }) })
      .transform((one) => ({ kind: "kubeconfig" as const, context: one.kubeconfig.context })),
    z
      .strictObject({ aks: z.strictObject({ server: address, certificateAuthority: z.base64() }) })
      .transform((one) => ({ kind: "aks" as const, ...one.aks })),
  ],
  "must be in-cluster, { kubeconfig: { context } } or { aks: { server, certificateAuthority } }",
);

const poke = z.union(
  [
    z.enum(["none", "annotation"]).transform((kind) => ({ kind })),
    z
      .strictObject({ receiver: address })
      .transform((one) => ({ kind: "receiver" as const, url: one.receiver })),
  ],
  "must be none, annotation or { receiver: address }",
);

const flux = z.strictObject({
  cluster: cluster.default({ kind: "in-cluster" }),
  poke: poke.default({ kind: "none" }),
  namespace: name.optional(),
});

const approval = z
  .strictObject({
    approvers: z.array(principal).min(1, "needs at least one approver").max(100),
    required: z.int().positive().default(1),
    expires: duration.default(60 * 60_000),
    mention: z.boolean().default(false),
  })
  // How many are in a group, nobody knows here.
  .refine(
    ({ approvers, required }) => approvers.some(isGroup) || new Set(approvers).size >= required,
    {
      error: "asks for more approvals than there are approvers",
      path: ["required"],
    },
  );

const permissions = z.strictObject({
  deploy: principals.optional(),
  rollback: principals.optional(),
  lock: principals.optional(),
  unlock: principals.optional(),
  block: principals.optional(),
  unblock: principals.optional(),
  cancel: principals.optional(),
  retry: principals.optional(),
});

function isGroup(entry: string): boolean {
  return entry.startsWith("group:");
}

const health = z.strictObject({
  name: z.string().min(1).max(40),
  url: address,
  status: z.int().min(100).max(599).default(200),
  version: dottedPath.optional(),
});

const weekTime = `(${weekdays.join("|")}) ([01]\\d|2[0-3]):([0-5]\\d)`;
const weekly = new RegExp(`^${weekTime} to ${weekTime}$`, "i");
const localTime = z.string().refine(isLocalTime, "must be a local time, such as 2026-12-19 18:00");
const why = z.string().min(1).max(120);

const freeze = z.union(
  [
    z
      .strictObject({
        weekly: z.string().regex(weekly, "must be two times, such as Fri 16:00 to Mon 08:00"),
        reason: why,
      })
      .transform(({ weekly: text, reason }) => {
        const [from = "", until = ""] = text.toLowerCase().split(" to ");
        return {
          kind: "weekly" as const,
          from: weekTimeOf(from),
          until: weekTimeOf(until),
          reason,
        };
      }),
    z
      .strictObject({ from: localTime, until: localTime, reason: why })
      .refine(({ from, until }) => from < until, { error: "ends before it begins" })
      .transform((one) => ({ kind: "dated" as const, ...one })),
  ],
  "must be { weekly: Fri 16:00 to Mon 08:00, reason } or { from: 2026-12-19 18:00, until, reason }",
);

/** `steps` are the names of the steps that may have a deadline of their own. */
export function configSchema(steps: readonly string[]) {
  const deadlines = z
    .record(z.string(), duration)
    .default({})
    .superRefine((all, context) => {
      for (const key of Object.keys(all).filter((one) => !steps.includes(one))) {
        context.addIssue({
          code: "custom",
          path: [key],
          message: `is not a step; the steps are ${steps.join(", ")}`,
        });
      }
    });
  const environment = z.strictObject({
    channel: channel.optional(),
    build,
    image,
    gitops,
    flux: flux.prefault({}),
    approval,
    rollout: z.strictObject({ soak: duration.default(15_000) }).prefault({}),
    rollback: z.enum(["offered", "automatic"]).default("offered"),
    health: z.array(health).default([]),
    deadlines,
    freeze: z.array(freeze).max(50).default([]),
    override: z.array(principal).max(100).default([]),
    permissions: permissions.prefault({}),
  });
  return z
    .strictObject({
      teams: z.strictObject({
        tenant: guid,
        teams: z.array(channel).default([]),
        channels: z.array(channel).min(1, "needs at least one channel"),
        timeZone: z
          .string()
          .refine(isTimeZone, "must be an IANA time zone, such as Europe/Berlin")
          .default("UTC"),
      }),
      environments: z
        .record(name, environment)
        .refine((all) => Object.keys(all).length > 0, "needs at least one environment"),
    })
    .superRefine(({ teams, environments }, context) => {
      for (const [key, { channel: told }] of Object.entries(environments)) {
        if (told === undefined || teams.channels.includes(told)) continue;
        context.addIssue({
          code: "custom",
          path: ["environments", key, "channel"],
          message: "must be one of teams.channels",
        });
      }
    });
}

/** The expression `weekly` has checked it. */
function weekTimeOf(text: string): WeekTime {
  const [day = "", time = ""] = text.split(" ");
  return { day: day as WeekTime["day"], time };
}

function isTimeZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
