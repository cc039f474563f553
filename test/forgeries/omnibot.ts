/** omnibot as it runs for a tenant, with a registered bot and real tokens; only its line to Teams is laid to a stand-in. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import nock from "nock";
import { loadSettings } from "../../src/config/load-settings.ts";
import { createLog } from "../../src/log.ts";
import { startOmnibot } from "../../src/omnibot.ts";
import { teamsHost } from "./place.ts";

const standIn = process.env["FORGERIES_TEAMS"] ?? "";
const openIdMetadata = process.env["FORGERIES_KEYS"] ?? "";

// Nothing leaves this machine: whatever goes anywhere else fails, and is seen.
nock.disableNetConnect();
nock.enableNetConnect(/^(127\.0\.0\.1|localhost)(:\d+)?$/);
for (const method of ["GET", "POST", "PUT"] as const)
  nock(teamsHost).persist().intercept(/.*/, method).reply(forward);

async function forward(request: Request): Promise<[number, string, Record<string, string>]> {
  const { method } = request;
  const { pathname, search } = new URL(request.url);
  const json = { "content-type": "application/json" };
  const answer = await fetch(`${standIn}${pathname.replace(/^\/emea/, "")}${search}`, {
    method,
    headers: json,
    ...(method === "GET" ? {} : { body: await request.text() }),
  });
  return [answer.status, await answer.text(), json];
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const settings = loadSettings(process.env);
const omnibot = await startOmnibot(settings, createLog(settings.logLevel), (parts) => parts, {
  openIdMetadata,
});
process.on("message", () => {
  collect();
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({ heap: heapUsed + external, rss });
});
process.on("disconnect", () => process.exit(0));
process.once("SIGTERM", () => void omnibot.stop().then(() => process.exit(0)));
process.send?.({ address: omnibot.address });
