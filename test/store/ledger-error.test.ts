import { asLedgerError, withLedgerErrors } from "../../src/store/ledger-error.ts";

function error(message: string, code?: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

describe("what went wrong with the ledger", () => {
  test.each([
    ["locked", error("database is locked", "SQLITE_BUSY")],
    ["full", error("database or disk is full", "SQLITE_FULL")],
    ["a broken disk", error("disk I/O error", "SQLITE_IOERR_WRITE")],
    ["restarted", error("terminating connection due to administrator command", "57P01")],
    ["starting", error("the database system is starting up", "57P03")],
    ["too many connections", error("sorry, too many clients already", "53300")],
    ["not there", error("connect ECONNREFUSED 127.0.0.1:5432", "ECONNREFUSED")],
    ["cut off", error("Connection terminated unexpectedly")],
    ["slow", error("Query read timeout")],
  ])("%s is trouble that may pass, and a doubt", (_, thrown) => {
    expect(asLedgerError(thrown)).toMatchObject({
      service: "ledger",
      trouble: "unreachable",
      effect: "unknown",
      message: `The ledger did not answer: ${thrown.message}`,
      cause: thrown,
    });
  });

  test.each([
    ["a mistake in a query", error("no such column: x", "SQLITE_ERROR")],
    ["a rule that was broken", error("UNIQUE constraint failed", "SQLITE_CONSTRAINT_UNIQUE")],
    ["the same in PostgreSQL", error("duplicate key value", "23505")],
    ["anything else", new TypeError("x is not a function")],
  ])("%s is a bug, and stays what it is", (_, thrown) => {
    expect(asLedgerError(thrown)).toBe(thrown);
  });

  test("the methods of a ledger say so themselves, and give what they gave", async () => {
    const ledger = withLedgerErrors({
      get: (id: number) => Promise.resolve(id + 1),
      save: () => Promise.reject(error("database is locked", "SQLITE_BUSY")),
    });
    expect(await ledger.get(1)).toBe(2);
    await expect(ledger.save()).rejects.toMatchObject({ service: "ledger" });
  });
});
