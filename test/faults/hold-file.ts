/** Holds a SQLite file for writing, says so, and lets it go after a while: `node hold-file.ts <file> <milliseconds>`. */
import { setTimeout as delay } from "node:timers/promises";
import SQLite from "better-sqlite3";

const [file = "", time = "0"] = process.argv.slice(2);
const database = new SQLite(file, { timeout: 5000 });
database.exec("begin immediate");
process.send?.("held");
await delay(Number(time));
database.exec("rollback");
database.close();
process.disconnect();
