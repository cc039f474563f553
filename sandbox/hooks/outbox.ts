/** A call that a stand-in made to omnibot, and how it was answered; 0 where nobody was there. */
export interface Sent {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly status: number;
}

const patience = 5000;

/** Sends what services tell of by themselves, and keeps what was sent: the witness of every test, and what somebody may replay. */
export class Outbox {
  readonly sent: Sent[] = [];
  #origin: string | undefined;

  /** Begins to send to this omnibot, or to none. */
  to(origin: string | undefined): void {
    this.#origin = origin;
  }

  /** Sends once, as GitHub does; what nobody takes is lost. */
  async send(path: string, headers: Readonly<Record<string, string>>, body: string): Promise<void> {
    const origin = this.#origin;
    if (origin === undefined) return;
    const call = { path, headers: { "content-type": "application/json", ...headers }, body };
    this.sent.push({ ...call, status: await post(origin, call) });
  }
}

/** Makes a call, and says how it was answered. */
export async function post(
  origin: string,
  { path, headers, body }: Pick<Sent, "path" | "headers" | "body">,
): Promise<number> {
  try {
    const signal = AbortSignal.timeout(patience);
    const answer = await fetch(`${origin}${path}`, { method: "POST", headers, body, signal });
    await answer.body?.cancel();
    return answer.status;
  } catch {
    return 0;
  }
}
