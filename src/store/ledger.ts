import type { Kysely, Transaction } from "kysely";
import type { Ledger } from "../deployment/ledger.ts";
import { writeAudit } from "./audit.ts";
import { bringForward, claim, nextDue, renew, save, wake } from "./claims.ts";
import { approve, reject } from "./decisions.ts";
import { lightly } from "./database.ts";
import { findEffect, forget, intend, settle } from "./effects.ts";
import { withLedgerErrors } from "./ledger-error.ts";
import {
  isThread,
  readActive,
  readDeployment,
  readHistory,
  readSince,
  readWorkedOn,
} from "./read.ts";
import { remember } from "./deliveries.ts";
import { create } from "./requests.ts";
import type { Schema } from "./schema.ts";
import { beginWatch, bringWatchForward, moveMark } from "./watched-file.ts";

/** The ledger of deployments in a database. Every method is one transaction; whoever holds a claim is fenced by its version. */
export function createLedger(db: Kysely<Schema>): Ledger {
  function whole<Result>(work: (tx: Transaction<Schema>) => Promise<Result>): Promise<Result> {
    return db.transaction().execute(work);
  }

  return withLedgerErrors<Ledger>({
    create: (request, delivery) => whole((tx) => create(tx, request, delivery)),
    get: (id) => readDeployment(db, id),
    findActive: (environment) => readActive(db, environment),
    list: (environment, limit) => readHistory(db, environment, limit),
    listSince: (environment, since, limit) => readSince(db, environment, since, limit),
    listWorkedOn: () => readWorkedOn(db),
    isThread: (id, conversation) => isThread(db, id, conversation),
    approve: (id, approval, required) => whole((tx) => approve(tx, id, approval, required)),
    reject: (id, approval, reason) => whole((tx) => reject(tx, id, approval, reason)),
    // An answer that is given twice after a power cut does no harm.
    remember: (delivery, at) => lightly(db, (one) => remember(one, delivery, at)),
    audit: (entry) => writeAudit(db, [entry]),

    claim: (owner, now, leaseUntil) => lightly(db, (one) => claim(one, owner, now, leaseUntil)),
    save: (held, update, keepUntil) => whole((tx) => save(tx, held, update, keepUntil)),
    renew: (held, leaseUntil) => lightly(db, (one) => renew(one, held, leaseUntil)),
    wake: (id, now) => lightly(db, (one) => wake(one, id, now)),
    bringForward: (id, now, at) => lightly(db, (one) => bringForward(one, id, now, at)),
    nextDue: () => nextDue(db),

    beginWatch: (environment, now, until) => beginWatch(db, environment, now, until),
    bringWatchForward: (environment, at) => bringWatchForward(db, environment, at),
    moveMark: (environment, from, to, noticed) =>
      whole((tx) => moveMark(tx, environment, from, to, noticed)),

    findEffect: (id, name) => findEffect(db, id, name),
    intend: (held, name, at, leaseUntil, facts) =>
      whole((tx) => intend(tx, held, name, at, leaseUntil, facts)),
    settle: (held, name, status, result, at) =>
      whole((tx) => settle(tx, held, name, status, result, at)),
    forget: (held, name, at, why) => whole((tx) => forget(tx, held, name, at, why)),
  });
}
