import pino from "pino";
import { startBotConnector, type BotConnector } from "../../sandbox/bot-connector/bot-connector.ts";
import { channel, tenantId } from "../../sandbox/people.ts";
import type { Config } from "../../src/config/config.ts";
import type { GoBack, GoBackAnswer } from "../../src/deployment/going-back.ts";
import type {
  Decision,
  DecisionAnswer,
  DeploymentRequest,
  RequestAnswer,
} from "../../src/deployment/requests.ts";
import type { Deployment } from "../../src/deployment/deployment.ts";
import type { AuditEntry } from "../../src/deployment/ledger.ts";
import type { EnvironmentStatus, ReadStatus } from "../../src/deployment/status.ts";
import { createServer } from "../../src/http/server.ts";
import { createAdapter } from "../../src/teams/adapter.ts";
import { createBot, type BotOptions } from "../../src/teams/bot.ts";
import { createConversations, type Conversations } from "../../src/teams/conversations.ts";
import { createMessages } from "../../src/teams/messages.ts";
import { production } from "./cards/deployments.ts";

export const silent = pino({ enabled: false });

export const config: Config = {
  teams: { tenant: tenantId, teams: [], channels: [channel.id], timeZone: "Europe/Berlin" },
  environments: { production },
};

type RequestsOfBot = BotOptions["requests"];

/** Requests whose answers a test sets, and which remember what they were asked. */
class FakeRequests implements RequestsOfBot {
  readonly asked: DeploymentRequest[] = [];
  readonly decisions: Decision[] = [];
  readonly goBacks: GoBack[] = [];
  goBackAnswer: () => Promise<GoBackAnswer> = async () => ({ state: "unknown" });
  readonly choices: GoBack[] = [];
  answer: () => Promise<RequestAnswer> = async () => ({ state: "repeated", deployment: undefined });
  decision: () => Promise<DecisionAnswer> = async () => ({ state: "unknown" });
  /** The ledger behind them cannot be reached. */
  ledgerLost = false;
  statuses: () => Promise<readonly EnvironmentStatus[] | undefined> = async () => [];
  deployments: readonly Deployment[] = [];

  request(request: DeploymentRequest): Promise<RequestAnswer> {
    this.asked.push(request);
    return this.answer();
  }

  decide(decision: Decision): Promise<DecisionAnswer> {
    this.decisions.push(decision);
    return this.decision();
  }

  goBack(asked: GoBack): Promise<GoBackAnswer> {
    this.goBacks.push(asked);
    return this.goBackAnswer();
  }

  choose(asked: GoBack): Promise<RequestAnswer> {
    this.choices.push(asked);
    return this.answer();
  }

  readonly status: ReadStatus = {
    environments: () => this.statuses(),
    deployment: (id) => Promise.resolve(this.deployments.find((one) => one.id === id)),
  };
}

/** The bot behind its HTTP server, and a channel of Teams in front of it. */
export interface Channel {
  readonly teams: BotConnector;
  readonly requests: FakeRequests;
  readonly conversations: Conversations;
  /** Threads that may show an older picture than they should. */
  readonly spoiled: readonly number[];
  /** What each deployment's thread was sent, as the ledger keeps it. */
  readonly sent: Map<number, string>;
  readonly url: string;
  /** How to speak in each channel, as far as omnibot knows. */
  readonly remembered: ReadonlyMap<string, string>;
  /** What the bot wrote down by itself. */
  readonly audited: readonly AuditEntry[];
  settled(): Promise<void>;
  close(): Promise<void>;
}

export async function openChannel(): Promise<Channel> {
  const adapter = createAdapter({
    appId: "",
    tenant: tenantId,
    token: undefined,
    allowAnonymous: true,
  });
  const conversations = createConversations(adapter);
  const requests = new FakeRequests();
  const known = new Set<string>();
  const audited: AuditEntry[] = [];
  const deliveries = {
    async remember({ id, conversation }: { readonly id: string; readonly conversation: string }) {
      if (requests.ledgerLost) throw new Error("disk full at /var/lib/omnibot");
      const key = `${conversation} ${id}`;
      const fresh = !known.has(key);
      known.add(key);
      return fresh;
    },
    async audit(entry: AuditEntry) {
      audited.push(entry);
    },
  };
  const clock = { now: () => Date.now() };
  const spoiled: number[] = [];
  const sent = new Map<number, string>();
  const remembered = new Map<string, string>();
  const unused = () => Promise.reject(new Error("not expected here"));
  const bot = createBot({
    config,
    requests,
    locks: { lock: unused, unlock: unused, block: unused, unblock: unused },
    interventions: { cancel: unused, retry: unused },
    history: {
      newest: async () => ({ environment: production, all: [] }),
      goodBuilds: unused,
      figures: async () => ({ environment: production, figures: [] }),
      wouldShip: unused,
    },
    deliveries,
    threads: {
      readThread: (id) => Promise.resolve(sent.get(id)),
      spoilThread: (id) => Promise.resolve(void spoiled.push(id)),
    },
    conversations,
    channels: {
      remember: (id, reference) => {
        remembered.set(id, reference);
        return Promise.resolve();
      },
      find: (id) => Promise.resolve(remembered.get(id)),
    },
    clock,
    log: silent,
    secondThoughts: [0, 0],
  });
  const messages = createMessages({ teams: config.teams, adapter, turn: bot.turn, log: silent });
  const server = createServer({ messages, ready: () => true, log: silent });
  const url = `${await server.start(0, "127.0.0.1")}/api/messages`;
  const teams = await startBotConnector({ botUrl: url });
  return {
    teams,
    requests,
    conversations,
    spoiled,
    sent,
    url,
    remembered,
    audited,
    settled: () => bot.settled(),
    async close() {
      await bot.settled();
      await server.stop();
      await teams.close();
    },
  };
}
