import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { strToU8, zipSync } from "fflate";
import { z } from "zod";
import { manifestOf, problemsOf } from "./manifest.ts";

/** Builds the Teams app package: the manifest with this installation's ids, and the two icons. */
const usage = `npm run teams:package -- --app-id <GUID> [--version 1.0.0] [--out dist/omnibot-teams.zip]

  --app-id   the bot's app id (MICROSOFT_APP_ID; output clientId of infra/azure)
  --version  grows with every upload; by default the one of package.json
`;

const { values } = parseArgs({
  options: {
    "app-id": { type: "string" },
    version: { type: "string" },
    out: { type: "string", default: "dist/omnibot-teams.zip" },
  },
});

const folder = import.meta.dirname;
const project = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(`${folder}/../../package.json`, "utf8")));
const appId = values["app-id"] ?? process.env["MICROSOFT_APP_ID"] ?? "";

if (appId === "") {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  build(appId, values.version ?? project.version, values.out);
}

function build(id: string, version: string, out: string): void {
  const manifest = manifestOf({ appId: id, version });
  const problems = problemsOf(manifest);
  if (problems.length > 0) {
    process.stderr.write(`Teams would refuse this package:\n${problems.join("\n")}\n`);
    process.exitCode = 1;
    return;
  }
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(
    out,
    zipSync({
      "manifest.json": strToU8(JSON.stringify(manifest, null, 2)),
      "color.png": readFileSync(`${folder}/color.png`),
      "outline.png": readFileSync(`${folder}/outline.png`),
    }),
  );
  process.stdout.write(
    `${out}: upload it in the Teams admin center, or as a custom app of the team.\n`,
  );
}
