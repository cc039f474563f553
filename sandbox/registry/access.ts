import { randomBytes, randomUUID } from "node:crypto";
import type { StandIn, StandInAnswer, StandInRequest } from "../stand-in.ts";
import { refusal } from "./answer.ts";

export interface AccessOptions {
  /** Checks the Entra tokens of ACR's exchange; without it no Entra token is accepted. */
  readonly identity?: { accepts(token: string, audience: string): boolean } | undefined;
  /** A user and password for Docker's way of signing in. */
  readonly user?: { readonly name: string; readonly password: string } | undefined;
  /** Whether everybody may pull. */
  readonly anonymous?: boolean | undefined;
}

const audience = "https://containerregistry.azure.net";
/** Milliseconds; ACR's access tokens live 75 minutes, its refresh tokens 3 hours. */
const accessLifetime = 75 * 60_000;
const refreshLifetime = 180 * 60_000;
/** A reader's actions; whoever asks for more gets these. */
const readActions = new Set(["pull", "metadata_read"]);

/**
 * Who may read: ACR's token exchange (POST /oauth2/exchange, then POST /oauth2/token) and Docker's token endpoint
 * (GET /oauth2/token with user and password). Sources: github.com/Azure/acr docs/AAD-OAuth.md; distribution.github.io,
 * "Token Authentication Specification".
 */
export class Access {
  readonly #standIn: StandIn;
  readonly #options: AccessOptions;
  readonly #refreshTokens = new Map<string, number>();
  readonly #accessTokens = new Map<
    string,
    { readonly scopes: ReadonlySet<string>; readonly expires: number }
  >();

  constructor(standIn: StandIn, options: AccessOptions) {
    this.#standIn = standIn;
    this.#options = options;
    standIn.route("POST", "/oauth2/exchange", (request) => this.#exchange(request));
    standIn.route("POST", "/oauth2/token", (request) => this.#redeem(request));
    standIn.route("GET", "/oauth2/token", (request) => this.#signIn(request));
  }

  /** Whether the request carries a token for the scope `repository:<name>:<action>`; undefined asks for any token. */
  permits(request: StandInRequest, scope: string | undefined): boolean {
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    const known = token === undefined ? undefined : this.#accessTokens.get(token);
    if (known === undefined || known.expires <= Date.now()) return false;
    return scope === undefined || known.scopes.has(scope);
  }

  /** The 401 that tells a client where to get its token. */
  challenge(request: StandInRequest, scope: string | undefined): StandInAnswer {
    const asked = scope === undefined ? "" : `,scope="${scope}"`;
    const error = request.headers.authorization === undefined ? "" : `,error="invalid_token"`;
    return refusal(
      401,
      "UNAUTHORIZED",
      "authentication required, visit https://aka.ms/acr/authorization for more information.",
      {
        headers: {
          "www-authenticate": `Bearer realm="${this.#standIn.url}/oauth2/token",service="${this.#service}"${asked}${error}`,
        },
        ...(scope === undefined ? {} : { detail: detailOf(scope) }),
      },
    );
  }

  /** The registry's name in tokens: its host. */
  get #service(): string {
    return new URL(this.#standIn.url).host;
  }

  #exchange(request: StandInRequest): StandInAnswer {
    const form = readForm(request);
    if (form.get("grant_type") !== "access_token") return unsupported(form);
    if (form.get("service") !== this.#service) return wrongService(form);
    if (this.#options.identity?.accepts(form.get("access_token") ?? "", audience) !== true) {
      return refusal(401, "UNAUTHORIZED", "Unable to validate the provided access token.");
    }
    const token = issue("refresh_token", this.#service, refreshLifetime);
    this.#refreshTokens.set(token, Date.now() + refreshLifetime);
    return { status: 200, json: { refresh_token: token } };
  }

  #redeem(request: StandInRequest): StandInAnswer {
    const form = readForm(request);
    if (form.get("service") !== this.#service) return wrongService(form);
    const grant = form.get("grant_type");
    // The Azure SDK's anonymous pull: the grant of a password, with nothing in it.
    if (grant === "password" && this.#options.anonymous === true)
      return this.#grant(form.getAll("scope"));
    if (grant !== "refresh_token") return unsupported(form);
    const expires = this.#refreshTokens.get(form.get("refresh_token") ?? "") ?? 0;
    if (expires <= Date.now())
      return refusal(401, "UNAUTHORIZED", "The refresh token is not valid.");
    return this.#grant(form.getAll("scope"));
  }

  #signIn(request: StandInRequest): StandInAnswer {
    if (request.query.get("service") !== this.#service) return wrongService(request.query);
    const header = request.headers.authorization;
    const user = this.#options.user;
    const permitted =
      header === undefined
        ? this.#options.anonymous === true
        : user !== undefined &&
          header === `Basic ${Buffer.from(`${user.name}:${user.password}`).toString("base64")}`;
    if (!permitted) return refusal(401, "UNAUTHORIZED", "authentication required");
    return this.#grant(request.query.getAll("scope"));
  }

  #grant(asked: readonly string[]): StandInAnswer {
    const scopes = asked.flatMap((scope) => scope.split(" ")).flatMap(readable);
    const token = issue("access_token", this.#service, accessLifetime);
    this.#accessTokens.set(token, {
      scopes: new Set(scopes),
      expires: Date.now() + accessLifetime,
    });
    // `token` is Docker's older name for the same.
    return { status: 200, json: { access_token: token, token, expires_in: accessLifetime / 1000 } };
  }
}

/** `repository:omnispatial/web:pull,push` as single scopes, without what a reader may not do. */
function readable(scope: string): string[] {
  const [, name, actions] = /^repository:([^:]+):([\w,]+)$/.exec(scope) ?? [];
  if (name === undefined || actions === undefined) return [];
  const granted = actions.split(",").filter((action) => readActions.has(action));
  return granted.map((action) => `repository:${name}:${action}`);
}

function detailOf(scope: string): unknown {
  const [type, name, action] = scope.split(":");
  return [{ Type: type, Name: name, Action: action }];
}

function readForm(request: StandInRequest): URLSearchParams {
  return new URLSearchParams(request.body.toString("utf8"));
}

function unsupported(form: URLSearchParams): StandInAnswer {
  return refusal(
    400,
    "UNSUPPORTED",
    `The grant type '${form.get("grant_type") ?? ""}' is not supported.`,
  );
}

function wrongService(form: URLSearchParams): StandInAnswer {
  return refusal(
    400,
    "UNSUPPORTED",
    `The service '${form.get("service") ?? ""}' is not this registry.`,
  );
}

/** Shaped like ACR's tokens, which say until when they are good; signed by nobody. */
function issue(grant: string, service: string, lifetime: number): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    jti: randomUUID(),
    iss: "Azure Container Registry",
    aud: service,
    iat: now,
    nbf: now,
    exp: now + lifetime / 1000,
    grant_type: grant,
  };
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ typ: "JWT", alg: "RS256" })}.${part(claims)}.${randomBytes(64).toString("base64url")}`;
}
