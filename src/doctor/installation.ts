import { examineLedger, type LedgerFindings } from "../store/examine-ledger.ts";
import { ledgerOf } from "../worlds.ts";
import { failed, off, ok, shared, warning, type Check, type Finding } from "./check.ts";
import { checkOfAzure } from "./azure.ts";
import { readSkews } from "./clock.ts";
import type { Subject } from "./subject.ts";

/** Less than this is soon too little for a ledger that grows by some kilobytes a deployment. Bytes. */
const leastFree = 100 * 1024 * 1024;
/** Entra and GitHub take a signed assertion that is some minutes old, or young. Milliseconds. */
const noticeable = 30_000;
const tooMuch = 4 * 60_000;

/** What all environments share: the ledger, and the clock. */
export function checksOfInstallation(subject: Subject): readonly Check[] {
  const { settings } = subject;
  const ledger = shared(() => examineLedger(ledgerOf(settings)));
  const isFile = "file" in settings.ledger;
  return [
    {
      id: "ledger",
      about: "the ledger",
      find: async () => findLedger(await ledger(), settings.ledger),
      remedies: {
        unreachable: isFile
          ? "Let omnibot's user write to OMNIBOT_DATA, a folder on a local disk with room."
          : "Check DATABASE_URL, that the server lets this address in, and that its user may create tables in that database.",
        invalid: isFile
          ? "OMNIBOT_DATA must be a folder that omnibot's user may write to."
          : "Check DATABASE_URL: user, password, database, sslmode; the user needs the right to create tables in it.",
      },
    },
    {
      id: "clock",
      about: "the clock of this machine",
      async find() {
        const found = await ledger().catch(() => undefined);
        const time = found?.state === "writable" ? found.time : undefined;
        return findSkew([
          ...(await readSkews(subject)),
          ...(time === undefined ? [] : [time.here - time.ledger]),
        ]);
      },
    },
    checkOfAzure(subject),
    { id: "hooks", about: "hints from outside", find: () => findHooks(settings.hookSecrets) },
  ];
}

/** That a secret is long enough, the settings themselves ask for. */
function findHooks({ azureDevOps, github, flux }: Subject["settings"]["hookSecrets"]): Finding {
  const secrets = { "azure-devops": azureDevOps, github, flux };
  const heard = Object.entries(secrets).flatMap(([name, secret]) =>
    secret === undefined ? [] : [`/api/hooks/${name}`],
  );
  return heard.length === 0
    ? off("none has a secret: omnibot looks by itself")
    : ok(`heard at ${heard.join(", ")}`);
}

function findLedger(found: LedgerFindings, ledger: Subject["settings"]["ledger"]): Finding {
  const free = found.free ?? Number.POSITIVE_INFINITY;
  if (free < leastFree) {
    const megabytes = Math.round(free / 1024 / 1024);
    return warning(
      `it can be written, with ${megabytes} MB left on its disk`,
      "Make room: without the ledger omnibot stops in the middle of what it does.",
    );
  }
  if (found.state === "new") return ok(`omnibot makes it in ${found.folder} at its first start`);
  const what = "file" in ledger ? "the file can be written" : "PostgreSQL can be written";
  if (found.pending === 0) return ok(`${what}, and has this version's schema`);
  return ok(`${what}; the next start brings its schema up to date`);
}

/** Each is how much this machine's clock is ahead of another's. One that stands alone says more about the other. */
function findSkew(skews: readonly number[]): Finding {
  if (skews.length === 0) return off("nobody told what time it is");
  const sorted = skews.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const seconds = Math.round(Math.abs(middle) / 1000);
  const found = `it is ${seconds} seconds ${middle > 0 ? "ahead of" : "behind"} the services'`;
  const remedy = "Set it by NTP (chrony, systemd-timesyncd; on AKS, by the node).";
  if (Math.abs(middle) > tooMuch)
    return failed(`${found}: tokens and signatures will be refused`, remedy);
  return Math.abs(middle) > noticeable
    ? warning(found, remedy)
    : ok("it agrees with the services'");
}
