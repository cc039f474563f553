import { timingSafeEqual } from "node:crypto";
import type { StandIn, StandInAnswer, StandInRequest } from "../stand-in.ts";
import type { z } from "zod";
import type { Address } from "./address.ts";
import type { GitRepository } from "./repository.ts";

/** An answer other than 2xx, in GitHub's form. Thrown by a route. */
export class Refusal extends Error {
  readonly status: number;
  readonly errors: readonly FieldError[] | undefined;

  constructor(status: number, message: string, errors?: readonly FieldError[]) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

export interface FieldError {
  readonly resource: string;
  readonly code: string;
  readonly field?: string;
  readonly message?: string;
}

export function notFound(): Refusal {
  return new Refusal(404, "Not Found");
}

export function invalid(...errors: readonly FieldError[]): Refusal {
  return new Refusal(422, "Validation Failed", errors);
}

export function refusalBody(message: string, status: number, errors?: readonly FieldError[]) {
  const documentation_url = "https://docs.github.com/rest";
  return {
    message,
    ...(errors === undefined ? {} : { errors }),
    documentation_url,
    status: String(status),
  };
}

type Handler = (request: StandInRequest) => Promise<StandInAnswer>;

/** What every route shares: the repository, its addresses, who may come in, and how an error is said. */
export class Api {
  readonly standIn: StandIn;
  readonly repository: GitRepository;
  readonly #token: string;
  readonly #address: () => Address;
  #used = 0;

  constructor(standIn: StandIn, repository: GitRepository, token: string, address: () => Address) {
    this.standIn = standIn;
    this.repository = repository;
    this.#token = token;
    this.#address = address;
  }

  get address(): Address {
    return this.#address();
  }

  /** Adds a route below `/repos/omnispatial/gitops`. */
  route(method: string, pattern: string, handler: Handler): void {
    this.standIn.route(method, `/repos/:owner/:repo${pattern}`, async (request) => {
      const answer = await this.#answer(request, handler);
      return { ...answer, headers: { ...this.#limits(), ...answer.headers } };
    });
  }

  async #answer(request: StandInRequest, handler: Handler): Promise<StandInAnswer> {
    try {
      if (!this.#knows(request.headers.authorization)) throw new Refusal(401, "Bad credentials");
      const { owner, repo } = request.params;
      if (owner !== this.address.owner || repo !== this.address.repo) throw notFound();
      return await handler(request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { status: error.status, json: refusalBody(error.message, error.status, error.errors) };
    }
  }

  #knows(authorization: string | undefined): boolean {
    const given = Buffer.from(/^(?:token|bearer) +(\S+)$/i.exec(authorization ?? "")?.[1] ?? "");
    const wanted = Buffer.from(this.#token);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  #limits(): Record<string, string> {
    this.#used = (this.#used % 4000) + 1;
    const hour = 3600;
    return {
      "x-github-request-id": `SAND:${this.#used.toString(16).toUpperCase().padStart(6, "0")}`,
      "x-github-media-type": "github.v3; format=json",
      "x-ratelimit-limit": "5000",
      "x-ratelimit-remaining": String(5000 - this.#used),
      "x-ratelimit-used": String(this.#used),
      "x-ratelimit-reset": String((Math.floor(Date.now() / 1000 / hour) + 1) * hour),
      "x-ratelimit-resource": "core",
    };
  }
}

/** Reads the body of a request; what does not fit is refused as GitHub does. */
export function readBody<T>(request: StandInRequest, schema: z.ZodType<T>): T {
  let body: unknown;
  try {
    body = request.body.length === 0 ? {} : request.json();
  } catch {
    throw new Refusal(400, "Problems parsing JSON");
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Refusal(
    422,
    `Invalid request.\n\n"${issue?.path.join(".") ?? ""}": ${issue?.message ?? "is wrong"}.`,
  );
}

export function param(request: StandInRequest, name: string): string {
  return request.params[name] ?? "";
}

/** How many, from which, of a list; GitHub gives 30 where nothing is said and 100 at most. */
export function readPage(request: StandInRequest): {
  readonly limit: number;
  readonly page: number;
  readonly skip: number;
} {
  const limit = Math.min(Number(request.query.get("per_page")) || 30, 100);
  const page = Math.max(Number(request.query.get("page")) || 1, 1);
  return { limit, page, skip: (page - 1) * limit };
}

/** The header that leads a client to the next page. */
export function linkNext(
  root: string,
  request: StandInRequest,
  page: number,
): Record<string, string> {
  const query = new URLSearchParams(request.query);
  query.set("page", String(page + 1));
  return { link: `<${root}${request.path}?${query.toString()}>; rel="next"` };
}
