import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import type { RequestOptions } from "node:http";
import { sql } from "kysely";
import { StandIn } from "../sandbox/stand-in.ts";
import { botToken, databaseToken } from "../src/azure/credential.ts";
import { EntraHandler } from "../src/azure/entra-handler.ts";
import { createGroups } from "../src/azure/groups.ts";
import { createRegistryAccess } from "../src/azure/registry-access.ts";
import { EntraAuthenticator } from "../src/cluster/entra.ts";
import { openDatabase } from "../src/store/database.ts";

const minute = 60_000;
/** Moments of half a day, in minutes: within a token's hour, near its end, and long after. */
const moments = [0, 1, 30, 54, 56, 59, 60, 61, 119, 121, 300, 719];

/** Entra's tokens live for an hour; like @azure/identity it keeps one, and gives a new one five minutes before the end. */
class Entra {
  now = 1_790_000_000_000;
  asked = 0;
  readonly #ends = new Map<string, number>();
  #current: { readonly token: string; readonly expiresOnTimestamp: number } | undefined;

  async getToken() {
    this.asked += 1;
    if (this.#current === undefined || this.now >= this.#current.expiresOnTimestamp - 5 * minute) {
      const expiresOnTimestamp = this.now + 60 * minute;
      this.#current = { token: `token-${this.#ends.size + 1}`, expiresOnTimestamp };
      this.#ends.set(this.#current.token, expiresOnTimestamp);
    }
    return this.#current;
  }

  accepts(token: string): boolean {
    return (this.#ends.get(token) ?? 0) > this.now;
  }
}

let entra: Entra;
const standIn = new StandIn("service");

beforeAll(() => standIn.listen());
beforeEach(() => void (entra = new Entra()));
afterAll(() => standIn.close());

/** Does the same at every moment of half a day, and says when it was refused. */
async function refusals(use: () => Promise<string>): Promise<readonly number[]> {
  const begun = entra.now;
  const refused: number[] = [];
  for (const moment of moments) {
    entra.now = begun + moment * minute;
    if (!entra.accepts(await use())) refused.push(moment);
  }
  return refused;
}

const tokenOf = (value: unknown) => String(value).replace("Bearer ", "");

describe("half a day with tokens that live for an hour", () => {
  test("the bot never uses one that has expired", async () => {
    const token = botToken(entra);
    expect(await refusals(() => token())).toEqual([]);
  });

  test("neither does Azure DevOps' client", async () => {
    const handler = new EntraHandler(entra, "dev.azure.com");
    const use = async () => {
      await handler.refresh();
      const options: RequestOptions = { host: "dev.azure.com", headers: {} };
      handler.prepareRequest(options);
      return tokenOf(
        Object.entries(options.headers ?? {}).find(([name]) => name === "authorization")?.[1],
      );
    };
    expect(await refusals(use)).toEqual([]);
  });

  test("neither does the cluster's", async () => {
    const authenticator = new EntraAuthenticator(entra, () => entra.now);
    const use = async () => {
      const options: { headers?: unknown } = {};
      await authenticator.applyAuthentication({ name: "entra" }, options);
      return tokenOf(Object.values(Object(options.headers))[0]);
    };
    expect(await refusals(use)).toEqual([]);
    expect(entra.asked).toBeLessThan(moments.length);
  });

  test("neither does Microsoft Graph's", async () => {
    let used = "";
    standIn.route("POST", "/v1.0/users/:user/checkMemberGroups", ({ headers }) => {
      used = tokenOf(headers["authorization"]);
      return { status: 200, json: { value: [] } };
    });
    const groups = createGroups({ credential: entra, url: standIn.url, now: () => entra.now });
    const use = async () => {
      await groups.hasMember(["6d8e0f3a-1c52-4b7d-9e64-2a9f5b3c7d10"], `${entra.now}`);
      return used;
    };
    expect(await refusals(use)).toEqual([]);
  });

  test("neither does the registry's, whose own tokens are renewed as well", async () => {
    // As Azure Container Registry does it: an Entra token for a refresh token, that for an access token of an hour.
    const granted = new Map<string, number>();
    let used = "";
    const jwt = (end: number) =>
      `e30.${Buffer.from(JSON.stringify({ exp: Math.floor(end / 1000) })).toString("base64url")}.${granted.size}`;
    standIn.route("POST", "/oauth2/exchange", (request) => {
      used = new URLSearchParams(request.body.toString()).get("access_token") ?? "";
      const token = jwt(entra.now + 180 * minute);
      granted.set(token, entra.now + 180 * minute);
      return entra.accepts(used)
        ? { status: 200, json: { refresh_token: token } }
        : { status: 401 };
    });
    standIn.route("POST", "/oauth2/token", (request) => {
      const given = new URLSearchParams(request.body.toString()).get("refresh_token") ?? "";
      if ((granted.get(given) ?? 0) <= entra.now) return { status: 401 };
      return { status: 200, json: { access_token: jwt(entra.now + 60 * minute) } };
    });
    const url = new URL(standIn.url);
    const auth = { kind: "entra", credential: entra } as const;
    const access = createRegistryAccess(url, "omnispatial/web", auth, () => entra.now, 5000);
    const challenge = {
      scheme: "bearer",
      realm: `${standIn.url}/oauth2/token`,
      service: url.host,
      scope: "",
    } as const;
    const begun = entra.now;
    for (const moment of moments) {
      entra.now = begun + moment * minute;
      const { until } = await access(challenge);
      expect(until).toBeGreaterThan(entra.now);
    }
  });

  test("neither does PostgreSQL's, which is asked for one at every connection", async () => {
    // A server that asks for a password, keeps it, and then has no room.
    let used = "";
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        if (bytes[0] !== 0x70) return void socket.write(Buffer.from("520000000800000003", "hex"));
        used = bytes.subarray(5, -1).toString("utf8");
        const words = Buffer.from("SFATAL\0C53300\0Mtoo many connections\0\0");
        const head = Buffer.alloc(5);
        head.write("E");
        head.writeInt32BE(words.length + 4, 1);
        socket.end(Buffer.concat([head, words]));
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const url = `postgres://omnibot@127.0.0.1:${port}/omnibot`;
    const { db } = openDatabase({ url, password: databaseToken(entra) });
    const use = async () => {
      await sql`select 1`.execute(db).catch(() => {});
      return used;
    };
    expect(await refusals(use)).toEqual([]);
    await db.destroy();
    server.close();
  });
});
