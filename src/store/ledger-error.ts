import { z } from "zod";
import { ServiceError } from "../deployment/service-error.ts";
import { withReason } from "../deployment/words.ts";

/** What better-sqlite3, pg and Node's net hang on an error. */
const seen = z.object({ message: z.string().catch(""), code: z.string().catch("") });

/** SQLite: somebody else writes, or the disk is full, broken or not writable. */
const ofSqlite = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY|PROTOCOL|NOMEM)/;
/** PostgreSQL: connection lost, too few resources, ended by an operator, a broken system; rolled back to be tried again. */
const ofPostgres = /^(08|40|53|55|57|58)[0-9A-Z]{3}$/;
const ofNetwork = /^E[A-Z_]+$/;
/** pg says this without any code. */
const words =
  /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/**
 * What went wrong with the ledger, when it is the ledger's state rather than a bug of omnibot's. Whether the transaction was
 * committed is not known.
 */
export function asLedgerError(error: unknown): unknown {
  const { data } = seen.safeParse(error);
  if (data === undefined || error instanceof ServiceError) return error;
  const { code, message } = data;
  const isTrouble =
    ofSqlite.test(code) || ofPostgres.test(code) || ofNetwork.test(code) || words.test(message);
  if (!isTrouble) return error;
  const sentence = withReason("The ledger did not answer", message);
  return new ServiceError("ledger", "unreachable", "unknown", sentence, { cause: error });
}

/** The same methods, whose errors say that it was the ledger. */
export function withLedgerErrors<Port extends object>(port: Port): Port {
  return new Proxy(port, {
    get(target, key) {
      const method: unknown = Reflect.get(target, key);
      if (typeof method !== "function") return method;
      return async (...asked: readonly unknown[]): Promise<unknown> => {
        try {
          return await (Reflect.apply(method, target, asked) as Promise<unknown>);
        } catch (error) {
          throw asLedgerError(error);
        }
      };
    },
  });
}
