import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import type { Attributes } from "../../sandbox/kubernetes/access.ts";
import type { Kinds } from "../../sandbox/kubernetes/resources.ts";
import type { Fault } from "../../sandbox/stand-in.ts";
import { startWorld, type World } from "../../sandbox/world.ts";
import type { Result } from "../../src/doctor/check.ts";
import { examineAll, type Examination } from "../../src/doctor/examination.ts";

const section = z.record(z.string(), z.unknown());
const written = z.looseObject({
  teams: section,
  environments: z.object({ production: z.record(z.string(), z.unknown()) }),
});
export type Written = z.infer<typeof written>;

/** The sandbox's world and omnibot's configuration for it, to be broken in one place at a time. */
export interface Patient {
  readonly world: World;
  /** What omnibot may do in the cluster; everything until somebody sets it. */
  may: (attributes: Attributes) => boolean;
  /** Examines it, with these variables and this configuration. */
  examine(broken?: {
    readonly env?: Readonly<Record<string, string>>;
    readonly config?: (config: Written) => void;
    readonly url?: string;
  }): Promise<Examination>;
  close(): Promise<void>;
}

/** How long one request, and one check, may take here, in milliseconds. */
const patience = { request: 2000, check: 3000 };

export async function startPatient(): Promise<Patient> {
  const folder = mkdtempSync(join(tmpdir(), "omnibot-doctor-"));
  const patient: Pick<Patient, "may"> = { may: () => true };
  const world = await startWorld({
    folder: join(folder, "world"),
    speed: 25,
    authorize: (attributes) => patient.may(attributes),
  });
  const base = readFileSync(world.environment["OMNIBOT_CONFIG"] ?? "", "utf8");
  const changed = join(folder, "omnibot.yaml");
  const before = { ...process.env };
  // @azure/identity and the Kubernetes client read the process's own environment.
  Object.assign(process.env, world.environment);

  return Object.assign(patient, {
    world,
    async examine({ env = {}, config = () => {}, url }: Parameters<Patient["examine"]>[0] = {}) {
      const wanted = written.parse(parse(base));
      config(wanted);
      writeFileSync(changed, stringify(wanted));
      const given = { ...world.environment, OMNIBOT_CONFIG: changed, ...env };
      Object.assign(process.env, given);
      try {
        return await examineAll({
          env: given,
          url,
          patience: patience.request,
          within: patience.check,
        });
      } finally {
        for (const key of Object.keys(env)) process.env[key] = world.environment[key] ?? "";
      }
    },
    async close() {
      await world.close();
      process.env = before;
      rmSync(folder, { recursive: true, force: true });
    },
  });
}

/** Sets keys of a part of the production environment. */
export function production(part: string, keys: Readonly<Record<string, unknown>>) {
  return ({ environments }: Written) => {
    const before = section.safeParse(environments.production[part]);
    environments.production[part] = { ...before.data, ...keys };
  };
}

/** Answers, from now on, with an object of the cluster as if it had been changed so. */
export function asIf<P extends keyof Kinds>(
  { kubernetes }: World,
  [plural, namespace, name]: readonly [P, string, string],
  change: (draft: Kinds[P]) => void,
): void {
  const object = kubernetes.store.get(plural, namespace, name);
  if (object === undefined) throw new Error(`there is no ${plural} ${namespace}/${name}`);
  change(object);
  kubernetes.standIn.faults.push({
    method: "GET",
    path: `/${plural}/${name}$`,
    ...always(200, object),
  });
}

/** A fault's answer to everything that matches. */
export function always(
  status: number,
  json: object,
  headers: Record<string, string> = {},
): Pick<Fault, "times" | "answer"> {
  const type = { "content-type": "application/json; charset=utf-8" };
  return {
    times: 1000,
    answer: { status, headers: { ...type, ...headers }, body: JSON.stringify(json) },
  };
}

/** What is not well, as lines: the state, the check, and what has to be done. */
export function troublesOf(results: readonly Result[]): readonly string[] {
  return results
    .filter(({ state }) => state === "warning" || state === "failed")
    .map(({ state, id }) => `${state} ${id}`);
}
