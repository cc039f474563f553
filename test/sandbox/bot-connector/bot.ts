import { createServer, type IncomingMessage } from "node:http";
import { once } from "node:events";
import {
  CloudAdapter,
  ConfigurationBotFrameworkAuthentication,
  type TurnContext,
} from "botbuilder";

export interface Bot {
  readonly url: string;
  readonly adapter: CloudAdapter;
  /** What it was sent, in order. */
  readonly activities: readonly Record<string, unknown>[];
  close(): Promise<void>;
}

/** A minimal bot on botbuilder's CloudAdapter, without authentication, that does what the test says. */
export async function startBot(turn: (context: TurnContext) => Promise<void>): Promise<Bot> {
  const adapter = new CloudAdapter(new ConfigurationBotFrameworkAuthentication({}));
  const activities: Record<string, unknown>[] = [];
  adapter.onTurnError = async (_, error) => {
    throw error;
  };
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const body: Record<string, unknown> = JSON.parse(await readText(incoming));
      activities.push(body);
      const response = {
        socket: outgoing.socket,
        header: (name: string, value: string) => outgoing.setHeader(name, value),
        status: (status: number) => (outgoing.statusCode = status),
        send: (answer: unknown) =>
          outgoing.write(typeof answer === "string" ? answer : JSON.stringify(answer)),
        end: () => outgoing.end(),
      };
      const request = { body, headers: incoming.headers, method: incoming.method ?? "POST" };
      await adapter.process(request, response, turn);
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the bot has no port");
  return {
    url: `http://127.0.0.1:${address.port}/api/messages`,
    adapter,
    activities,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function readText(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}
