import type { IncomingMessage } from "node:http";

/** A body that is not read to its end, and the status that says why. */
export class Unreadable extends Error {
  readonly status: 400 | 413;

  constructor(status: 400 | 413) {
    super(status === 413 ? "the body is too large" : "the body cannot be read");
    this.name = "Unreadable";
    this.status = status;
  }
}

/**
 * The raw body of a request, of `most` bytes at most: what says or turns out to be larger is not kept. How long it may take is
 * bounded by the server's request time-out. @throws {Unreadable}
 */
export async function readBody(request: IncomingMessage, most: number): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > most) throw new Unreadable(413);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // The answer still has to go out on the same connection.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      if (!Buffer.isBuffer(chunk)) throw new Unreadable(400);
      size += chunk.length;
      if (size > most) throw new Unreadable(413);
      chunks.push(chunk);
    }
  } catch (error) {
    // What is left of it is let go by.
    request.resume();
    throw error instanceof Unreadable ? error : new Unreadable(400);
  }
  return Buffer.concat(chunks);
}

/** A JSON body, in UTF-8. @throws {Unreadable} */
export async function readJson(request: IncomingMessage, most: number): Promise<unknown> {
  const body = await readBody(request, most);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new Unreadable(400);
  }
}
