import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import SQLite from "better-sqlite3";
import {
  type Driver,
  Kysely,
  type PostgresCursor,
  PostgresDialect,
  type PostgresPool,
  type PostgresQueryResult,
  sql,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
} from "kysely";
import { Pool, TypeOverrides, types, type ClientConfig } from "pg";
import { parseIntoClientConfig } from "pg-connection-string";
import type { Schema } from "./schema.ts";

export interface Database {
  readonly db: Kysely<Schema>;
  readonly dialect: "sqlite" | "postgres";
}

export type Location = { readonly file: string } | Server;

export interface Server {
  readonly url: string;
  /** Gives the password for a URL that has none: a token, asked for at every connection. */
  readonly password?: () => Promise<string>;
}

/** Opens SQLite (a file, durable to the last commit) or PostgreSQL. */
export function openDatabase(location: Location): Database {
  return "file" in location ? openSqlite(location.file) : openPostgres(location);
}

/** How to reach a server. A connection string that pg reads itself would win over the password. */
export function connectionOf({ url, password }: Server): ClientConfig {
  return { ...parseIntoClientConfig(url), ...(password === undefined ? {} : { password }) };
}

function openSqlite(file: string): Database {
  mkdirSync(dirname(file), { recursive: true });
  const database = new SQLite(file, { timeout: 5000 });
  database.pragma("journal_mode = WAL");
  // A commit that was answered is on the disk: the ledger is the memory of what was done to production.
  database.pragma("synchronous = FULL");
  database.pragma("foreign_keys = ON");
  return {
    db: new Kysely<Schema>({
      dialect: new TransactionalSqlite({ database: remembering(database) }),
    }),
    dialect: "sqlite",
  };
}

/** The ledger asks some dozens of questions in all; more than this would be a mistake. */
const mostStatements = 300;

/** Kysely prepares every statement anew, and what SQLite holds for it stays until JavaScript's next collection. */
function remembering(database: SQLite.Database): SqliteDatabase {
  const known = new Map<string, SQLite.Statement>();
  return {
    close: () => void database.close(),
    prepare(text) {
      const statement = known.get(text) ?? database.prepare(text);
      // What a question answers may change with the schema.
      if (known.size >= mostStatements || /^\s*(create|alter|drop)\b/i.test(text)) known.clear();
      known.set(text, statement);
      return statement;
    },
  };
}

/**
 * Does what a power cut may undo without harm, such as a claim: its holder would be gone too. On SQLite that does not wait for
 * the disk (measured: several milliseconds, in which nothing else runs); a crash of the process undoes nothing. PostgreSQL
 * outlives its clients' claims, and waits.
 */
export function lightly<Result>(
  db: Kysely<Schema>,
  work: (db: Kysely<Schema>) => Promise<Result>,
): Promise<Result> {
  if (!(db.getExecutor().adapter instanceof SqliteAdapter)) return work(db);
  return db.connection().execute(async (alone) => {
    await sql`pragma synchronous = normal`.execute(alone);
    try {
      return await work(alone);
    } finally {
      await sql`pragma synchronous = full`.execute(alone);
    }
  });
}

/**
 * Kysely migrates SQLite statement by statement. SQLite can undo a schema's change like any other: so a migration that is cut
 * off leaves nothing behind, and the next start does it whole.
 */
class TransactionalSqlite extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter();
  }

  /**
   * A transaction that meets a full or broken disk is undone by SQLite itself. Kysely undoes it once more, and the refusal of
   * that would hide what happened.
   */
  override createDriver(): Driver {
    const driver = super.createDriver();
    const rollback = driver.rollbackTransaction.bind(driver);
    driver.rollbackTransaction = async (connection) => {
      try {
        await rollback(connection);
      } catch (error) {
        if (!String(error).includes("no transaction is active")) throw error;
      }
    };
    return driver;
  }
}

class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** PostgreSQL's bigint arrives as text; our times fit well into a number. */
const timesAreNumbers = new TypeOverrides();
timesAreNumbers.setTypeParser(types.builtins.INT8, Number);

function openPostgres(server: Server): Database {
  const pool = new Pool({
    ...connectionOf(server),
    max: 8,
    connectionTimeoutMillis: 5000,
    statement_timeout: 10_000,
    query_timeout: 15_000,
    idle_in_transaction_session_timeout: 30_000,
    types: timesAreNumbers,
  });
  // One that breaks while it is lent out says so to its borrower too, and, without a listener, ends the process.
  pool.on("connect", (client) => client.on("error", () => {}));
  // An idle connection that breaks is replaced at the next query; without a listener it would end the process.
  pool.on("error", () => {});
  return {
    db: new Kysely<Schema>({ dialect: new PostgresDialect({ pool: preparing(pool) }) }),
    dialect: "postgres",
  };
}

/**
 * Gives every question a name under which a connection keeps its plan: PostgreSQL plans it once, which takes longer than most
 * answers do.
 */
function preparing(pool: Pool): PostgresPool {
  const names = new Map<string, string>();
  function nameOf(text: string): string | undefined {
    const known = names.get(text);
    if (known !== undefined || names.size >= mostStatements) return known;
    const name = `omnibot-${names.size}`;
    names.set(text, name);
    return name;
  }
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect();
      function query<Row>(
        text: string,
        values: readonly unknown[],
      ): Promise<PostgresQueryResult<Row>>;
      function query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
      function query(text: unknown, values: readonly unknown[] = []): unknown {
        if (typeof text !== "string") throw new Error("the ledger opens no cursors");
        // What has no values, such as `begin` and a change of the schema, is asked simply.
        const name = values.length === 0 ? undefined : nameOf(text);
        return client.query({
          text,
          values: [...values],
          ...(name === undefined ? {} : { name }),
        });
      }
      return { query, release: (destroy) => client.release(destroy) };
    },
  };
}
