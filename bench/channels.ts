import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

/**
 * Teams' side of the wire at its barest, so that what is measured is the bot: it takes every post and notes when it came. Whoever
 * reads anything is given an empty list: as GitHub that means that no such file was ever there, which ends a deployment.
 */
export interface Channels {
  readonly serviceUrl: string;
  /** When (ms of this process's clock) the first post came into a thread. */
  firstPost(thread: string): Promise<number>;
  /** How many messages were edited. */
  edits(): number;
  close(): Promise<void>;
}

/** How long a post is waited for, in milliseconds. */
const patience = 60_000;

export async function startChannels(): Promise<Channels> {
  const waiting = new Map<string, (at: number) => void>();
  let posts = 0;
  let edits = 0;
  const server = createServer((request, response) => {
    const at = performance.now();
    if (request.method === "GET") {
      response.writeHead(200, { "content-type": "application/json" });
      // Everybody is in the team.
      return void response.end(request.url?.includes("/members/") === true ? "{}" : "[]");
    }
    const thread = /^\/v3\/conversations\/([^/]+)/.exec(request.url ?? "")?.[1] ?? "";
    const key = decodeURIComponent(thread);
    waiting.get(key)?.(at);
    waiting.delete(key);
    if (request.method === "PUT") edits += 1;
    request.resume();
    request.on("end", () => {
      posts += 1;
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ id: String(posts) }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    serviceUrl: `http://127.0.0.1:${port}/`,
    firstPost(thread) {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      const late = setTimeout(() => reject(new Error(`nobody answered in ${thread}`)), patience);
      waiting.set(thread, (at) => {
        clearTimeout(late);
        resolve(at);
      });
      return promise;
    },
    edits: () => edits,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
