import { request } from "node:http";
import { connect } from "node:net";
import type { Agent } from "node:http";

export interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Parts are sent one by one, without a length. */
  readonly body?: string | Buffer | readonly (string | Buffer)[];
  readonly agent?: Agent | false;
}

export interface Answer {
  /** 0 when there was none. */
  readonly status: number;
  readonly body: string;
  readonly headers: string;
}

const patience = 20_000;

/** Sends a request exactly as it is given, and never throws. */
export function send(
  url: string,
  { path = "/api/messages", method = "POST", headers = {}, body = "", agent = false }: Sent,
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const none = (why: string) => resolve({ status: 0, body: why, headers: "" });
    const sending = request(
      {
        hostname,
        port,
        path,
        method,
        agent,
        headers: { ...headers } as Record<string, string>,
        timeout: patience,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", (error) => none(error.message));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString("utf8"),
            headers: JSON.stringify(response.rawHeaders),
          }),
        );
      },
    );
    sending.on("timeout", () => sending.destroy(new Error("no answer in time")));
    sending.on("error", (error) => none(error.message));
    if (typeof body === "string" || Buffer.isBuffer(body)) return void sending.end(body);
    for (const part of body) sending.write(part);
    sending.end();
  });
}

/** Sends bytes as they are, for what no HTTP client would send, and hangs up when it was answered or nothing comes. */
export function sendRaw(url: string, text: string): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let said = "";
    socket.setTimeout(patience, () => socket.destroy());
    socket.on("data", (chunk) => {
      said += chunk.toString("utf8");
      if (said.includes("\r\n\r\n")) socket.end();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(said)?.[1] ?? 0);
      resolve({ status, body: said.split("\r\n\r\n").slice(1).join(""), headers: said });
    });
  });
}
