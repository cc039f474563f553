import { sql, type Kysely } from "kysely";
import { working } from "./rows.ts";
import type { Schema } from "./schema.ts";

/** How many deployments there are of each kind, and how the work stands. */
export interface Counts {
  readonly deployments: readonly {
    readonly environment: string;
    readonly kind: string;
    readonly state: string;
    readonly count: number;
  }[];
  /** Rows that are worked on: looked at right now, overdue, and those whose next look lies ahead. */
  readonly rows: { readonly looking: number; readonly due: number; readonly waiting: number };
}

/** `now` is ms since 1970, by the ledger's clock. */
export async function readCounts(db: Kysely<Schema>, now: number): Promise<Counts> {
  const deployments = await db
    .selectFrom("deployment")
    .select((eb) => ["environment", "kind", "state", eb.fn.countAll<number>().as("count")])
    .groupBy(["environment", "kind", "state"])
    .orderBy("environment")
    .execute();
  const sum = (condition: ReturnType<typeof sql<boolean>>) =>
    sql<number | null>`sum(case when ${condition} then 1 else 0 end)`;
  const rows = await db
    .selectFrom("deployment")
    .select([
      sum(sql<boolean>`lease_until > ${now}`).as("looking"),
      sum(sql<boolean>`lease_until <= ${now} and next_at <= ${now}`).as("due"),
      sum(sql<boolean>`lease_until <= ${now} and next_at > ${now}`).as("waiting"),
    ])
    .where("state", "in", working)
    .executeTakeFirst();
  const number = (value: unknown) => Number(value ?? 0);
  return {
    deployments: deployments.map((one) => ({ ...one, count: number(one.count) })),
    rows: {
      looking: number(rows?.looking),
      due: number(rows?.due),
      waiting: number(rows?.waiting),
    },
  };
}
