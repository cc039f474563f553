import { once } from "node:events";
import { createServer } from "node:http";
import type { Metrics } from "./metrics.ts";

export interface MetricsServer {
  readonly address: string;
  close(): Promise<void>;
}

/** Serves `GET /metrics` on a port of its own, which nothing routes to from the internet. Port 0 takes a free one. */
export async function serveMetrics(
  metrics: Pick<Metrics, "text">,
  port: number,
  host: string,
): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5000 });
  // restify replaces writeHead for every response of the process, and its own returns nothing: no chains here.
  server.on("request", (request, response) => {
    const answer = (status: number, type: string, text: string) => {
      response.statusCode = status;
      response.setHeader("content-type", type);
      response.end(text);
    };
    request.resume();
    if (request.method !== "GET" || request.url?.split("?")[0] !== "/metrics")
      return answer(404, "text/plain", "");
    metrics.text().then(
      ({ type, text }) => answer(200, type, text),
      () => answer(500, "text/plain", ""),
    );
  });
  const listening = once(server, "listening");
  server.listen(port, host);
  await listening;
  const bound = server.address();
  const own = typeof bound === "object" && bound !== null ? bound.port : port;
  return {
    address: `http://${host}:${own}/metrics`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
