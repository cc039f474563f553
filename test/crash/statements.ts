import SQLite from "better-sqlite3";
import { Client } from "pg";
import type { Points } from "./points.ts";

/** Puts a point before every statement that goes to the database, of either kind, until `over` says so. */
export function watchStatements(points: Points, over: () => boolean): void {
  const pass = (statement: unknown) => {
    if (!over()) void points.pass(`before sql:${wordsOf(statement)}`);
  };
  watch(SQLite.prototype, "prepare", pass);
  watch(Client.prototype, "query", pass);
}

function watch(prototype: object, name: string, pass: (statement: unknown) => void): void {
  const original: unknown = Reflect.get(prototype, name);
  if (typeof original !== "function") throw new Error(`there is no ${name}`);
  Reflect.set(prototype, name, function watched(this: unknown, ...given: unknown[]): unknown {
    pass(given[0]);
    return Reflect.apply(original, this, given);
  });
}

/** The first words are enough to tell statements apart. */
function wordsOf(statement: unknown): string {
  const text =
    typeof statement === "object" && statement !== null && "text" in statement
      ? statement.text
      : statement;
  return String(text)
    .replaceAll(/[^\w]+/g, " ")
    .trim()
    .split(" ")
    .slice(0, 4)
    .join(" ");
}
