import { createPrivateKey } from "node:crypto";
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import type { GitHubIdentity } from "../config/settings.ts";

export interface GitHubOptions {
  readonly auth: GitHubIdentity;
  /** Address of the REST API; api.github.com unless it is GitHub Enterprise Server (https://host/api/v3). */
  readonly baseUrl?: string | undefined;
  /** Milliseconds until a request is given up, its answer's body included. */
  readonly timeout?: number;
}

/**
 * A GitHub client that never repeats a request by itself: Octokit's retry plugin would send a write again whose answer was
 * lost (measured with @octokit/plugin-retry 8.1.1). It logs nothing, since its log lines hold whole requests.
 */
export function createOctokit({ auth, baseUrl, timeout = 30_000 }: GitHubOptions): Octokit {
  return new Octokit({
    ...credentials(auth),
    ...(baseUrl === undefined ? {} : { baseUrl: baseUrl.replace(/\/+$/, "") }),
    userAgent: "omnibot/0.1",
    log: { debug: silent, info: silent, warn: silent, error: silent },
    request: { fetch: fetchWithin(timeout) },
  });
}

function credentials(auth: GitHubIdentity): object {
  if (auth.kind === "token") return { auth: auth.token };
  const { appId, installationId } = auth;
  return {
    authStrategy: createAppAuth,
    auth: { appId, installationId, privateKey: checkKey(auth.privateKey) },
  };
}

/** A key that cannot be used is told at the start, and without a word of the key itself. */
function checkKey(privateKey: string): string {
  const pem = privateKey.replaceAll(String.raw`\n`, "\n");
  try {
    createPrivateKey(pem);
  } catch {
    throw new Error("The private key of the GitHub App is not a PEM private key.");
  }
  return pem;
}

function fetchWithin(timeout: number): typeof fetch {
  return (input, init) => {
    const signals = [AbortSignal.timeout(timeout), ...(init?.signal ? [init.signal] : [])];
    return fetch(input, { ...init, signal: AbortSignal.any(signals) });
  };
}

function silent(): void {}
