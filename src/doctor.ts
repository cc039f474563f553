/** `npm run doctor`: tries everything that omnibot needs, changes nothing, and says what to do about what is not well. */
import { parseArgs } from "node:util";
import { examineAll } from "./doctor/examination.ts";
import { tableOf } from "./doctor/table.ts";

const usage = `npm run doctor -- [options]
  --url <address>  omnibot's public address, https://<your host>, to be tried too
  --json           the results as JSON

Ends with 0 when nothing failed, with 1 when something did, and with 2 when the configuration cannot be used.
`;

const options = readOptions();
if (options === undefined) {
  process.stderr.write(usage);
  process.exit(2);
}
const { results, code } = await examineAll({ env: process.env, url: options.url });
const text = options.json ? `${JSON.stringify({ code, results }, null, 2)}\n` : tableOf(results);
// Connections that are kept, and what was given up, would hold the process.
process.stdout.write(text, () => process.exit(code));

function readOptions(): { readonly url: string | undefined; readonly json: boolean } | undefined {
  try {
    const { values } = parseArgs({
      options: { url: { type: "string" }, json: { type: "boolean", default: false } },
    });
    if (values.url !== undefined && !/^https?:$/.test(URL.parse(values.url)?.protocol ?? ""))
      return undefined;
    return { url: values.url, json: values.json };
  } catch {
    return undefined;
  }
}
