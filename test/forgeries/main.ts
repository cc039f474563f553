/**
 * The forgeries: `npm run test:forgeries`. omnibot runs with a registered bot, an own key server stands where the Bot Connector's
 * is, and whoever is not the Bot Connector, or says what it would not, is turned away and changes nothing. See docs/security.md.
 *
 *   --full             100,000 junk requests instead of 10,000
 *   --only <words>     forgeries whose name has these words
 *   --report <file>    the table and the figures as JSON
 */
import { Agent } from "node:http";
import { writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { cardActions } from "../../sandbox/card-text.ts";
import { alex, bot, megan } from "../../sandbox/people.ts";
import {
  bearer,
  click,
  forgeries,
  goodToken,
  message,
  post,
  type Attack,
  type Forgery,
} from "./forgeries.ts";
import { claimsFor, signToken, unsignedToken } from "./key-server.ts";
import { serviceUrl, startPlace } from "./place.ts";
import { send, type Answer } from "./send.ts";

const { values } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    report: { type: "string" },
  },
});
const junk = values.full ? 100_000 : 10_000;
const megabyte = 1024 * 1024;
/** How much more the process may hold after the junk than before, in bytes: what trembles anyway. */
const slack = { heap: 6 * megabyte, rss: 40 * megabyte };

interface Row {
  readonly name: string;
  readonly answer: string;
  readonly effect: string;
  readonly good: boolean;
}

const rows: Row[] = [];
const width = 78;
function note(...more: readonly Row[]): void {
  rows.push(...more);
  for (const { name, answer, effect, good } of more)
    process.stdout.write(
      `${good ? "  " : "!!"} ${name.padEnd(width)}  ${answer.padEnd(46)}  ${effect}\n`,
    );
}

const place = await startPlace();
try {
  const attack = await ask();
  for (const forgery of forgeries().filter(({ name }) => name.includes(values.only)))
    note(await play(attack, forgery));
  note(...(await words(attack)));
  note(await approve(attack));
  note(...(await replays(attack)), speech(attack));
  note(...(await flood(attack)), secrets(attack));
} finally {
  await place.close();
}

const failed = rows.filter(({ good }) => !good).length;
if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(rows, null, 2)}\n`);
process.stdout.write(`${rows.length - failed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);

/** Somebody asks to deploy, as they may, and the question stands in the thread. */
async function ask(): Promise<Attack> {
  // Nobody has told the bot of this message yet: the stand-in has no token.
  const { threadId, messageId, status } = await place.teams.say(alex, "deploy production");
  note({
    name: "a message of the stand-in, without a token",
    answer: String(status),
    effect: "none",
    good: status === 401,
  });
  const text = message("deploy production", threadId, { id: messageId }, alex);
  const answer = await post(place, goodToken(place), text);
  const card = () =>
    place.teams
      .thread(threadId)
      .find(({ latest }) => cardActions(latest.card).some(({ verb }) => verb === "approve"));
  const asked = await becomes(() => card() !== undefined);
  note({
    name: "a message of the Bot Connector",
    answer: String(answer.status),
    effect: asked ? "a deployment that waits" : "NONE",
    good: answer.status === 200 && asked,
  });
  if (!asked) process.stderr.write(place.log());
  if (!asked) throw new Error("there is no question");
  return { ...place, thread: threadId, card: card()?.id ?? "", deployment: 1 };
}

async function play(attack: Attack, { name, status, says, sends }: Forgery): Promise<Row> {
  const before = JSON.stringify(attack.effects());
  const spoken = attack.spoken();
  const answer = await sends(attack);
  const same = JSON.stringify(attack.effects()) === before;
  const quiet = attack.spoken() === spoken || status === 200;
  const said = says === undefined || says.test(answer.body);
  return {
    name,
    answer: shown(answer),
    effect: same
      ? quiet
        ? "none"
        : "SPOKE TO TEAMS"
      : `CHANGED ${JSON.stringify(attack.effects())}`,
    good: answer.status === status && same && quiet && said && !isTalkative(answer),
  };
}

/** What nobody outside needs to know. */
function isTalkative({ body, headers }: Answer): boolean {
  return /node_modules|\.ts\b|\.js\b|\bat .+:\d+|Error:|restify|botbuilder/i.test(body + headers);
}

function shown({ status, body }: Answer): string {
  const said = /"(?:value|message)":"([^"]{0,200})/.exec(body)?.[1] ?? "";
  return `${status} ${said}`.trim().slice(0, 46);
}

/** Control and direction characters, markup and templates in what people write: shown, and nothing else. */
async function words(attack: Attack): Promise<readonly Row[]> {
  const evil =
    "\u202e\u0000\u0007<at>everyone</at> [x](https://evil.example) ${process.env} {{TIME(1)}} \u2066";
  const before = JSON.stringify(attack.effects());
  const posts = attack.teams.posts().length;
  const said = await post(
    attack,
    goodToken(attack),
    message(`dploy ${evil}`, attack.thread, { id: "evil-1" }),
  );
  await becomes(() => attack.teams.posts().length > posts);
  const answer = attack.teams.posts().at(-1)?.latest.text ?? "";
  const isTame = !/[\p{Cc}\u202a-\u202e\u2066-\u2069]|<at>|\]\(|\$\{|\{\{/u.test(answer);
  return [
    {
      name: "message: with control and direction characters, a mention, a link and a template",
      answer: shown(said),
      effect: isTame ? "none; shown as words" : `SHOWN AS IT IS: ${answer}`,
      good:
        said.status === 200 &&
        isTame &&
        answer !== "" &&
        JSON.stringify(attack.effects()) === before,
    },
  ];
}

async function approve(attack: Attack): Promise<Row> {
  const body = click(
    attack,
    megan,
    { verb: "approve", data: { deployment: attack.deployment } },
    { id: "f:approval" },
  );
  const answer = await post(attack, goodToken(attack), body);
  const live = await becomes(() =>
    attack.teams.thread(attack.thread).some(({ latest }) => /is live/.test(latest.text)),
  );
  const { runs } = attack.effects();
  return {
    name: "the click of an approver",
    answer: shown(answer),
    effect: live ? `${runs} build, live` : "NONE",
    good: answer.status === 200 && live && runs === 1,
  };
}

/** The approver's own click, again: what the Bot Connector does in doubt, and what somebody with a recording would. */
async function replays(attack: Attack): Promise<readonly Row[]> {
  const body = (id: string) =>
    click(attack, megan, { verb: "approve", data: { deployment: attack.deployment } }, { id });
  const again = (name: string, id: string): Forgery => ({
    name,
    status: 200,
    sends: (one) => post(one, goodToken(one), body(id)),
  });
  const foreign: Forgery = {
    name: "P3 the click again, with its token for another service URL",
    status: 403,
    sends: (one) => post(one, goodToken(one, "https://smba.trafficmanager.net/amer/"), body("f:x")),
  };
  const stale: Forgery = {
    name: "P3 the click again, with its token an hour later",
    status: 401,
    sends: (one) =>
      post(
        one,
        signToken(claimsFor(bot.appId, serviceUrl, Date.now() - 3_600_000), one.keys.own),
        body("f:approval"),
      ),
  };
  const list = [
    again("P3 the click again", "f:approval"),
    again("P3 the click again, with a new id", "f:y"),
    foreign,
    stale,
  ];
  const played: Row[] = [];
  for (const one of list) played.push(await play(attack, one));
  return played;
}

/** Whoever was named as a place for keys or answers was never asked. */
function speech({ teams, keyServer }: Attack): Row {
  const asked = teams.journal.filter(({ path }) => path.includes("evil")).length;
  const keys = keyServer.standIn.journal.length;
  return {
    name: "nobody made omnibot look at other keys, or at the keys more often than it must",
    answer: `${keys} looks at the keys`,
    effect: asked === 0 ? "none" : "ASKED ELSEWHERE",
    good: asked === 0 && keys <= 4,
  };
}

/** Junk by the thousand, side by side: what the process holds afterwards is what it held before. */
async function flood(attack: Attack): Promise<readonly Row[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const statuses = new Map<number, number>();
  const kinds = kindsOfJunk(attack);
  const run = async (count: number) => {
    let sent = 0;
    const one = async () => {
      while (sent < count) {
        const n = sent;
        sent += 1;
        const { status } = await (kinds[n % kinds.length] ?? kinds[0])(n, agent);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 16 }, one));
  };
  await run(2000);
  const before = await attack.held();
  const begun = performance.now();
  statuses.clear();
  await run(junk);
  const took = Math.round((performance.now() - begun) / 1000);
  const after = await attack.held();
  agent.destroy();
  const mb = (bytes: number) => `${(bytes / megabyte).toFixed(1)} MB`;
  const lines = attack
    .log()
    .split("\n")
    .filter((line) => line.includes("refused")).length;
  const codes = [...statuses].map(([status, count]) => `${status}: ${count}`).join(", ");
  return [
    {
      name: `${junk} junk requests in ${took} s are refused`,
      answer: codes,
      effect: "none",
      good: [...statuses.keys()].every((status) => status === 401 || status === 415),
    },
    ...(["heap", "rss"] as const).map((what) => ({
      name: `memory (${what}) after them is what it was before`,
      answer: `${mb(before[what])} before, ${mb(after[what])} after`,
      effect: "flat",
      good: after[what] - before[what] <= slack[what],
    })),
    {
      name: "the log tells of them in a few lines",
      answer: `${lines} lines of refusals`,
      effect: "none",
      good: lines < 500,
    },
  ];
}

type Junk = (n: number, agent: Agent) => Promise<Answer>;

function kindsOfJunk({ url, keys, thread }: Attack): readonly [Junk, ...Junk[]] {
  const text = JSON.stringify(message("help", thread));
  const json = { "content-type": "application/json" };
  const by = (authorization: string, agent: Agent, body: string = text) =>
    send(url, { headers: { ...json, authorization }, body, agent });
  const claims = (n: number) => ({
    ...claimsFor(bot.appId, serviceUrl),
    tid: `tenant-${n}`,
    jti: `${n}`,
  });
  return [
    (n, agent) =>
      by(
        bearer(
          unsignedToken(
            { ...claims(n), iss: `https://sts.windows.net/${n}/` },
            { alg: "RS256", kid: `k${n}` },
          ).concat(".c2ln"),
        ),
        agent,
      ),
    (n, agent) =>
      by(
        bearer(unsignedToken(claims(n), { alg: "RS256", kid: `made-up-${n}` }).concat(".c2ln")),
        agent,
      ),
    (n, agent) =>
      by(
        bearer(unsignedToken(claims(n), { alg: "RS256", kid: keys.own.kid }).concat(".c2ln")),
        agent,
      ),
    (n, agent) => by(bearer(`${n}.${n}.${n}`), agent, "x".repeat(20_000)),
    (_, agent) => send(url, { headers: { ...json, "content-encoding": "gzip" }, body: "x", agent }),
    (n, agent) => by(`Basic ${n}`, agent),
  ];
}

/** No token that anybody sent, and none that omnibot has, is in the log. */
function secrets(attack: Attack): Row {
  const log = attack.log();
  const found = /eyJ[\w-]{8,}\.[\w-]{8,}\.|Bearer [\w.-]{16,}/.exec(log)?.[0];
  return {
    name: "P13 no token is in the log",
    answer: `${log.length} characters of log`,
    effect: found === undefined ? "none" : `FOUND ${found.slice(0, 20)}`,
    good: found === undefined,
  };
}

async function becomes(isTrue: () => boolean): Promise<boolean> {
  for (const end = Date.now() + 20_000; Date.now() < end; await delay(50))
    if (isTrue()) return true;
  return false;
}
