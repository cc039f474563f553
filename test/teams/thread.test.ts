import { alex, channel, megan, tenantId, bot as botAccount } from "../../sandbox/people.ts";
import { postText } from "../../sandbox/bot-connector/threads.ts";
import { startBotConnector, type BotConnector } from "../../sandbox/bot-connector/bot-connector.ts";
import type { Deployment } from "../../src/deployment/deployment.ts";
import { createAdapter } from "../../src/teams/adapter.ts";
import { createConversations, type Conversations } from "../../src/teams/conversations.ts";
import { createThread, type Thread } from "../../src/teams/thread.ts";
import { deployment, everyState, proposal, steps } from "./cards/deployments.ts";
import { config, silent } from "./channel.ts";
import { MemoryThreads } from "./memory-threads.ts";

const adapter = createAdapter({
  appId: "",
  tenant: tenantId,
  token: undefined,
  allowAnonymous: true,
});

let teams: BotConnector;
let threads: MemoryThreads;
let thread: Thread;
let conversation: string;
const clock = { time: 0, now: () => clock.time };

beforeEach(async () => {
  clock.time = Date.UTC(2026, 4, 12, 14, 51);
  teams = await startBotConnector({ botUrl: "http://127.0.0.1:9/nobody" });
  threads = new MemoryThreads();
  conversation = (await teams.say(alex, "deploy production")).threadId;
  thread = painter("first");
});

afterEach(() => teams.close());

function painter(
  owner: string,
  pace?: { perSecond: number; burst: number },
  conversations = createConversations(adapter),
): Thread {
  return createThread({
    threads,
    conversations,
    config,
    clock,
    log: silent,
    owner,
    ...(pace && { pace }),
  });
}

function begin(row: Deployment): void {
  const reference = {
    serviceUrl: teams.serviceUrl,
    conversation: { id: conversation },
    bot: { id: botAccount.id },
  };
  threads.add(row, conversation, JSON.stringify(reference));
}

function posts() {
  return teams.thread(conversation).filter((post) => post.fromBot);
}

/** How often the bot asked the connector, answered or not. */
function asked(method: string): number {
  return teams.journal.filter((entry) => entry.method === method).length;
}

async function lookUntilDone(): Promise<void> {
  while (await thread.look()) clock.time += 1;
}

/** Looks for so long, second by second. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    await lookUntilDone();
    clock.time += 1000;
  }
  await lookUntilDone();
}

describe("the thread", () => {
  test("P20 is one card, edited in place, with a reply for the decision and one for the end", async () => {
    begin(everyState.waiting);
    await pass(1);
    expect(posts().map(postText)).toEqual([expect.stringContaining("Deploy to production?")]);

    for (const row of [
      everyState["approved, not yet noticed"],
      everyState.building,
      everyState["rolling out"],
      everyState.live,
    ]) {
      clock.time += 10_000;
      threads.save(row);
      await pass(1);
    }
    const [card, decision, end, ...others] = posts();
    expect(others).toEqual([]);
    expect(card?.edits).toBe(4);
    expect(card && postText(card)).toContain("production-40672 is live");
    expect(decision?.latest.text).toBe("**Megan Bowen** approved #128.");
    expect(end?.latest.text).toBe(
      "<at>Alex Wilber</at> **production-40672 is live**, after 7 min 58 s.",
    );
    expect(end?.latest.mentions).toEqual([{ id: alex.aadObjectId, name: "Alex Wilber" }]);
  });

  test("P20 coalesces: a card is edited once in three seconds, however often the row changes", async () => {
    begin(everyState.building);
    await pass(4);
    const before = teams.counts();
    for (let change = 0; change < 30; change += 1) {
      threads.save(
        deployment({ ...everyState.building, progress: steps(1, "running", `Task ${change}`) }),
      );
      await pass(0.3);
      clock.time += 300;
    }
    const { edits } = teams.counts();
    expect(edits - before.edits).toBeGreaterThanOrEqual(3);
    expect(edits - before.edits).toBeLessThanOrEqual(13);
    await pass(4);
    expect(JSON.stringify(posts()[0]?.latest.card)).toContain("Task 29");
  });

  test("P20 does not touch a card that would look the same", async () => {
    begin(everyState.waiting);
    await pass(1);
    for (let change = 0; change < 5; change += 1) {
      threads.save(everyState.waiting);
      await pass(30);
    }
    expect(teams.counts()).toEqual({ posts: 1, edits: 0 });
  });

  test("P16 keeps the times on a running card fresh, now and then", async () => {
    begin(everyState.building);
    for (let change = 0; change < 60; change += 1) {
      threads.save(everyState.building);
      await pass(1);
    }
    const { edits } = teams.counts();
    expect(edits).toBeGreaterThanOrEqual(2);
    expect(edits).toBeLessThanOrEqual(3);
  });

  test("shows the end at once, even right after another edit", async () => {
    begin(everyState["rolling out"]);
    await lookUntilDone();
    threads.save(everyState.crashed);
    await lookUntilDone();
    const [card, , end] = posts();
    expect(card && postText(card)).toContain("production-40672 is not live");
    expect(end?.latest.text).toContain("The new pods crash on start. web crashes on start");
  });

  describe("of a failure that is followed", () => {
    const { failure, ...crashed } = everyState.crashed;
    const following = (sentence: string) => ({ until: 9e12, sentence });
    const failed = deployment({ ...everyState.crashed, following: following("") });

    test("P20 is told at once, and its card is edited as it goes on, without another word", async () => {
      begin(everyState["rolling out"]);
      await lookUntilDone();
      threads.save(failed);
      await lookUntilDone();
      expect(posts()).toHaveLength(3);
      expect(JSON.stringify(posts()[0]?.latest.card)).toContain("omnibot goes on watching");
      threads.save({ ...failed, following: following("2 of 3 ready on 40672") });
      await pass(4);
      expect(JSON.stringify(posts()[0]?.latest.card)).toContain("Now: 2 of 3 ready on 40672");
      expect(posts()).toHaveLength(3);
    });

    test("that heals is told once more", async () => {
      begin(failed);
      await pass(1);
      threads.save(deployment({ ...everyState.live, ...(failure && { healed: failure }) }));
      await pass(4);
      threads.save(deployment({ ...everyState.live, ...(failure && { healed: failure }) }));
      await pass(4);
      const [card, , end, after, ...others] = posts();
      expect(others).toEqual([]);
      expect(card && postText(card)).toContain("production-40672 is live after all");
      expect(end?.latest.text).toContain("production-40672 is not live");
      expect(after?.latest.text).toBe(
        "<at>Alex Wilber</at> **production-40672 is live after all.** What was told before has healed.",
      );
    });

    test("that Flux rolls back is told once more; that it only gave up is for the card", async () => {
      const told = (rolledBack: boolean) => {
        const sentence = rolledBack
          ? "Flux rolled back to production-40655."
          : "Flux has ended its work. Timed out.";
        return deployment({
          ...crashed,
          ...(failure && { failure: { ...failure, aftermath: { sentence, rolledBack } } }),
        });
      };
      begin(failed);
      await pass(1);
      threads.save(told(false));
      await pass(4);
      expect(posts()).toHaveLength(3);
      expect(JSON.stringify(posts()[0]?.latest.card)).toContain("Flux has ended its work");
      threads.save(told(true));
      await pass(4);
      expect(posts()[3]?.latest.text).toBe(
        "<at>Alex Wilber</at> **Flux rolled back to production-40655.** Git still wants production-40672.",
      );
    });
  });

  test.each([
    ["rejected", "**Megan Bowen rejected #128:** The migration is not ready"],
    ["expired", "Nobody approved #128 in time."],
  ] as const)("tells who asked that the request was %s", async (name, words) => {
    begin(everyState[name]);
    await pass(1);
    const reply = posts()[1]?.latest;
    expect(reply?.text).toContain(`<at>Alex Wilber</at> ${words}`);
    expect(reply?.mentions).toHaveLength(1);
  });

  test("escapes the name of a mention, so that it stays one", async () => {
    begin(
      deployment({
        ...everyState.expired,
        requester: { id: alex.aadObjectId, name: "Alex <b>& Co</b>" },
      }),
    );
    await pass(1);
    expect(posts()[1]?.latest.text).toMatch(/^<at>Alex ‹b&gt;&amp; Co‹\/b&gt;<\/at> /);
    expect(posts()[1]?.latest.mentions).toHaveLength(1);
  });

  test("keeps to one message a second in a channel, with a few at once", async () => {
    thread = painter("paced", { perSecond: 1, burst: 2 });
    for (let id = 1; id <= 6; id += 1) begin(deployment({ id, evidence: { proposal } }));
    await lookUntilDone();
    expect(posts()).toHaveLength(2);
    await pass(2);
    expect(posts()).toHaveLength(4);
    await pass(3);
    expect(posts()).toHaveLength(6);
  });
});

describe("P4 a process that ends", () => {
  test("is followed by another that edits the same card", async () => {
    begin(everyState.waiting);
    await pass(1);
    thread = painter("second");
    clock.time += 10_000;
    threads.save(everyState.live);
    await pass(1);
    expect(posts()).toHaveLength(3);
    expect(posts()[0]?.edits).toBe(1);
  });

  test("while it says something is followed by one that does not say it again", async () => {
    begin(everyState.live);
    const [row] = threads.rows;
    const card = { state: "sent", posts: 1, at: 0, id: "1", hash: "x" };
    Object.assign(row ?? {}, {
      sent: JSON.stringify({ card, replies: { decision: "sent", end: "intent" } }),
    });
    await pass(1);
    expect(asked("PUT")).toBeGreaterThan(0);
    expect(posts()).toEqual([]);
  });

  test("loses its claim, and then sends nothing more", async () => {
    begin(everyState.live);
    threads.keepThread = async () => false;
    expect(await thread.look()).toBe(true);
    expect(posts()).toEqual([]);
  });
});

describe("P5 an answer that is lost", () => {
  test("of an edit is asked for again", async () => {
    begin(everyState.waiting);
    await pass(1);
    threads.save(everyState.live);
    teams.faults.push({ method: "PUT", path: ".", times: 2, reset: "after" });
    await pass(10);
    expect(posts()).toHaveLength(3);
    expect(posts()[0] && JSON.stringify(posts()[0]?.latest.card)).toContain("is live");
  });

  test("of a reply leaves it at that", async () => {
    begin(everyState.waiting);
    await pass(1);
    threads.save(everyState.expired);
    teams.faults.push({ method: "POST", path: "/activities", times: 1, reset: "after" });
    await pass(120);
    expect(posts()).toHaveLength(2);
  });

  test("of the first card is not repeated at once, later each time, and at most three times", async () => {
    begin(everyState.waiting);
    teams.faults.push({ method: "POST", path: "/activities", times: 9, answer: { status: 502 } });
    await pass(15);
    expect(asked("POST")).toBe(1);
    await pass(30);
    expect(asked("POST")).toBe(2);
    await pass(300);
    expect(asked("POST")).toBe(4);
  });

  test("never came: the first card is there after the doubt", async () => {
    begin(everyState.waiting);
    teams.faults.push({ method: "POST", path: "/activities", times: 1, answer: { status: 504 } });
    await pass(30);
    expect(posts()).toHaveLength(1);
    threads.save(everyState.expired);
    await pass(5);
    expect(posts()[0]?.edits).toBe(1);
  });
});

describe("when Teams", () => {
  test("asks for patience, nothing goes to that channel until then", async () => {
    begin(everyState.waiting);
    begin(deployment({ id: 129, evidence: { proposal } }));
    teams.faults.push({
      method: "POST",
      path: "/activities",
      times: 1,
      answer: { status: 429, headers: { "retry-after": "7" } },
    });
    await pass(6);
    expect(asked("POST")).toBe(1);
    await pass(2);
    expect(posts()).toHaveLength(2);
  });

  test("cannot be reached, it is tried again, and nothing is doubled", async () => {
    const away = {
      serviceUrl: "http://127.0.0.1:9/",
      conversation: { id: conversation },
      bot: { id: botAccount.id },
    };
    threads.add(everyState.waiting, conversation, JSON.stringify(away));
    await pass(5);
    expect(threads.rows[0]?.sent).not.toContain("intent");
    Object.assign(threads.rows[0] ?? {}, {
      reference: JSON.stringify({ ...away, serviceUrl: teams.serviceUrl }),
    });
    await pass(30);
    expect(posts()).toHaveLength(1);
  });

  test("shuts the bot out for a moment only, the card is posted all the same", async () => {
    begin(everyState.waiting);
    teams.faults.push({ method: "POST", path: "/activities", times: 2, answer: { status: 403 } });
    await pass(20);
    expect(posts()).toHaveLength(1);
  });

  test("has thrown the bot out, it falls silent", async () => {
    begin(everyState.waiting);
    const body = JSON.stringify({
      error: {
        code: "BotNotInConversationRoster",
        message: "The bot is not part of the conversation roster.",
      },
    });
    teams.faults.push({
      method: "POST",
      path: "/activities",
      times: 100,
      answer: { status: 403, headers: { "content-type": "application/json" }, body },
    });
    await pass(60);
    threads.save(everyState.live);
    await pass(60);
    expect(asked("POST")).toBe(5);
    expect(threads.rows[0]?.sent).toContain("BotNotInConversationRoster");
  });

  test("has no card any more, the replies still come", async () => {
    begin(everyState.waiting);
    await pass(1);
    teams.faults.push({ method: "PUT", path: ".", times: 100, answer: { status: 404 } });
    threads.save(everyState.live);
    await pass(50);
    expect(asked("PUT")).toBe(5);
    expect(posts().map((post) => post.latest.text)).toEqual([
      "",
      expect.stringContaining("approved"),
      expect.stringContaining("is live"),
    ]);
  });

  test("does not find the card once, it is edited later", async () => {
    begin(everyState.waiting);
    await pass(1);
    teams.faults.push({ method: "PUT", path: ".", times: 1, answer: { status: 404 } });
    threads.save(everyState.live);
    await pass(10);
    expect(posts()[0]?.edits).toBe(1);
  });

  test("was busy with the same card, the picture that it refused is offered again", async () => {
    begin(everyState.waiting);
    await pass(1);
    teams.faults.push({ method: "PUT", path: ".", times: 1, answer: { status: 409 } });
    threads.save({ ...everyState.waiting, expiresAt: everyState.waiting.expiresAt + 60_000 });
    await pass(10);
    expect(posts()).toHaveLength(1);
    expect(posts()[0]?.edits).toBe(1);
  });

  test("has lost a card on which somebody still has to decide, there is another", async () => {
    begin(everyState.waiting);
    await pass(1);
    teams.faults.push({ method: "PUT", path: ".", times: 100, answer: { status: 404 } });
    threads.save({ ...everyState.waiting, expiresAt: everyState.waiting.expiresAt + 60_000 });
    await pass(120);
    expect(posts().filter((post) => post.latest.card !== undefined)).toHaveLength(2);
  });

  test("refuses a card, the replies still come", async () => {
    begin(everyState.waiting);
    await pass(1);
    const fault = { method: "PUT", path: ".", times: 100, answer: { status: 413 } };
    teams.faults.push(fault);
    threads.save(everyState.expired);
    await pass(120);
    expect(posts()[1]?.latest.text).toContain("Nobody approved");
    // The same picture is not offered again.
    expect(fault.times).toBe(99);
  });

  test("refuses the first card for good, it is offered a few times and then given up", async () => {
    const fault = { method: "POST", path: ".", times: 100, answer: { status: 400 } };
    teams.faults.push(fault);
    begin(everyState.waiting);
    for (let look = 0; look < 40; look += 1) {
      threads.save({ ...everyState.waiting, expiresAt: everyState.waiting.expiresAt + look });
      await pass(20);
    }
    expect(posts()).toEqual([]);
    expect(100 - fault.times).toBeLessThanOrEqual(8);
  });

  test("is not who the stored address names, nothing is sent there", async () => {
    threads.add(
      everyState.waiting,
      channel.id,
      JSON.stringify({
        serviceUrl: "https://evil.example/",
        conversation: { id: channel.id },
        bot: { id: "x" },
      }),
    );
    await expect(lookUntilDone()).resolves.toBeUndefined();
    expect(threads.rows[0]?.sent).not.toContain("intent");
  });
});

test("P16 a deployment of an environment that is not configured any more is shown too", async () => {
  begin(deployment({ environment: "constructor" }));
  await pass(1);
  expect(teams.counts()).toEqual({ posts: 1, edits: 0 });
  expect(JSON.stringify(teams.posts())).toContain("Deploy to constructor?");
});

test("the loop looks when it is told to, and ends with the signal", async () => {
  const stop = new AbortController();
  const running = thread.run(stop.signal);
  begin({
    ...everyState.waiting,
    approvals: [],
    requester: { id: megan.aadObjectId, name: "Megan Bowen" },
  });
  const started = Date.now();
  while (posts().length === 0 && Date.now() - started < 5000) {
    thread.hint();
    await new Promise((resolve) => setImmediate(resolve));
  }
  stop.abort();
  await running;
  expect(posts()).toHaveLength(1);
});

describe("P17 a thread that omnibot begins by itself", () => {
  const byHand = everyState["changed by hand"];

  function beginInChannel(row: Deployment): void {
    const reference = {
      serviceUrl: teams.serviceUrl,
      conversation: { id: channel.id },
      bot: { id: botAccount.id },
    };
    threads.add(row, channel.id, JSON.stringify(reference));
  }

  const own = () => teams.posts().filter((post) => post.fromBot);

  test("is one post in the channel, edited in place, and a reply in it only when it went wrong", async () => {
    beginInChannel(byHand);
    await pass(1);
    threads.save(everyState["changed by hand, failed"]);
    await pass(1);
    const [card, reply, ...others] = own();
    expect(others).toEqual([]);
    expect(card?.threadId).toBe(`${channel.id};messageid=${card?.id}`);
    expect(card?.edits).toBe(1);
    expect(reply?.threadId).toBe(card?.threadId);
    expect(reply?.latest.text).toMatch(/^\*\*production-40612 is not live\.\*\*/);
    expect(reply?.latest.mentions).toEqual([]);
  });

  test("needs no reply when it went well", async () => {
    beginInChannel(byHand);
    await pass(1);
    threads.save(everyState["changed by hand, live"]);
    await pass(1);
    expect(own()).toHaveLength(1);
    expect(own()[0]?.latest.summary).toBe("production-40612 is live, put there by hand");
  });

  test("that was told as a failure and healed says so, to nobody by name", async () => {
    beginInChannel(byHand);
    await pass(1);
    const failed = everyState["changed by hand, failed"];
    threads.save(failed);
    await pass(1);
    const { failure } = failed;
    const live = everyState["changed by hand, live"];
    threads.save(deployment({ ...live, ...(failure && { healed: failure }) }));
    await pass(1);
    const replies = own().filter((post) => post.latest.text !== "");
    expect(replies.map(({ latest }) => latest.text)).toEqual([
      expect.stringMatching(/^\*\*production-40612 is not live\.\*\*/),
      expect.stringMatching(
        /^\*\*production-40612 is live after all.*What was told before has healed\.$/,
      ),
    ]);
    expect(replies.flatMap(({ latest }) => latest.mentions)).toEqual([]);
  });

  test("is begun again, four times at most, while its answers are lost", async () => {
    beginInChannel(byHand);
    const answer = { status: 502, after: true };
    teams.faults.push({ method: "POST", path: "/v3/conversations$", times: 99, answer });
    for (let minutes = 0; minutes < 20; minutes += 1) await pass(60);
    expect(own()).toHaveLength(4);
  });

  test("is not begun twice when it is certain that it was not begun", async () => {
    beginInChannel(byHand);
    const answer = { status: 429, headers: { "retry-after": "1" } };
    teams.faults.push({ method: "POST", path: "/v3/conversations$", times: 3, answer });
    await pass(60);
    expect(own()).toHaveLength(1);
  });
});

test("P19 a process that stood still for longer than its lease does not draw over what another one has drawn", async () => {
  begin(everyState.waiting);
  await pass(1);
  threads.save(everyState.building);
  const claimThread = threads.claimThread.bind(threads);
  threads.claimThread = async (...who) => {
    const claim = await claimThread(...who);
    clock.time += 30_000;
    return claim;
  };
  await thread.look();
  expect(posts()[0]?.edits).toBe(0);
});

test("P19 a process that stood still for longer than its lease does not post a card that another one posts", async () => {
  begin(everyState.waiting);
  const keepThread = threads.keepThread.bind(threads);
  threads.keepThread = async (...what) => {
    const kept = await keepThread(...what);
    clock.time += 30_000;
    return kept;
  };
  await thread.look();
  expect(posts()).toHaveLength(0);
  threads.keepThread = keepThread;
  await painter("second").look();
  expect(posts()).toHaveLength(1);
});

test("P19 a card that was drawn over by a process that had lost it is drawn again", async () => {
  begin(everyState.waiting);
  await pass(1);
  threads.save(everyState["rolling out"]);
  const conversations = createConversations(adapter);
  const second = painter("second");
  const slow: Conversations = {
    ...conversations,
    // On its way to Teams it is overtaken by the picture of another process, which found the lease at its end.
    async edit(...message) {
      for (const row of threads.rows) row.leaseUntil = 0;
      threads.save(everyState.live);
      while (await second.look()) clock.time += 1;
      expect(posts()[0]?.latest.summary).toContain("is live");
      await conversations.edit(...message);
    },
  };
  await painter("first", undefined, slow).look();
  expect(posts()[0]?.latest.summary).not.toContain("is live");
  while (await second.look()) clock.time += 1;
  expect(posts()[0]?.latest.summary).toContain("is live");
  expect(posts()[0]?.edits).toBe(3);
});
