import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import draft04 from "ajv-draft-04";
import addFormats from "ajv-formats";
import { z } from "zod";

const folder = import.meta.dirname;
const guid = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export interface Installation {
  /** App id of the bot's registration: the one of MICROSOFT_APP_ID. */
  readonly appId: string;
  /** Version of the package; Teams takes an update only when it grows. */
  readonly version: string;
}

const manifest = z.looseObject({ bots: z.array(z.looseObject({})) });

/** manifest.json with this installation's ids. @throws {Error} when the id or the version is none. */
export function manifestOf({ appId, version }: Installation): object {
  if (!guid.test(appId)) throw new Error(`The app id is not a GUID: ${appId}`);
  // The schema takes any text here; Teams does not.
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Error(`The version is not of the form 1.2.3: ${version}`);
  }
  const template = manifest.parse(JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8")));
  const id = appId.toLowerCase();
  return { ...template, id, version, bots: template.bots.map((bot) => ({ ...bot, botId: id })) };
}

/** What Microsoft's own schema of this manifest's version finds wrong, one sentence each. */
export function problemsOf(candidate: object): readonly string[] {
  const { manifestVersion } = z.object({ manifestVersion: z.string() }).parse(candidate);
  // The package's own entry point does not load (1.1.2 lacks a dependency); its schemas are plain files.
  const schema = createRequire(import.meta.url).resolve(
    `@microsoft/app-manifest/build/json-schemas/teams/v${manifestVersion}/MicrosoftTeams.schema.json`,
  );
  const ajv = new draft04.default({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const validate = ajv.compile(z.looseObject({}).parse(JSON.parse(readFileSync(schema, "utf8"))));
  if (validate(candidate)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message = "is wrong" }) => `${instancePath || "/"} ${message}`,
  );
}
