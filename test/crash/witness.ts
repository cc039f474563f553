import SQLite from "better-sqlite3";
import { Pool } from "pg";
import { z } from "zod";

/** A ledger of its own for each story's world, in a file or on a server. */
export type Store = "sqlite" | "postgres";

/** What the ledger itself says, read from beside omnibot. */
export interface Witness {
  /** Deployments with a higher number than this one, in order. */
  newer(id: number): Promise<readonly DeploymentLine[]>;
  /** Whether omnibot knows how the file in Git stands, so that it notices when somebody changes it. */
  watches(): Promise<boolean>;
  /** The deployments of a thread: there should be one. */
  deployments(thread: string): Promise<readonly DeploymentLine[]>;
  /** The audit trail of a deployment, in order. */
  audit(id: number): Promise<readonly AuditLine[]>;
  /** The posts that are in doubt now: begun, and their answer not written down. */
  doubts(): Promise<readonly Doubt[]>;
  /** The schema, in a form that can be compared, and the migrations that it says were done. */
  schema(): Promise<string>;
  close(): Promise<void>;
}

export interface Doubt {
  readonly thread: string;
  readonly what: "card" | "reply";
  /** Which of them: several kills may leave the same post in doubt. */
  readonly post: string;
}

const sent = z.object({
  card: z
    .object({
      state: z.enum(["intent", "sent", "gone"]),
      id: z.string().optional(),
      posts: z.number(),
    })
    .optional(),
  replies: z.record(z.string(), z.enum(["intent", "sent"])),
});

const sentText = z
  .string()
  .nullable()
  .transform((text) => sent.parse(text === null ? { replies: {} } : JSON.parse(text)));

const deploymentLines = z.array(
  z.object({
    id: z.number(),
    kind: z.string(),
    /** Of its thread, or the channel as long as that is not begun. */
    conversation: z.string(),
    key: z.string(),
    state: z.string(),
    step: z.string().nullable(),
    revision: z.number(),
    shown: z.number(),
    sent: sentText,
  }),
);
export type DeploymentLine = z.infer<typeof deploymentLines>[number];

const auditLines = z.array(z.object({ actor: z.string(), action: z.string() }));
export type AuditLine = z.infer<typeof auditLines>[number];

const threadLines = z.array(z.object({ conversation: z.string(), sent: sentText }));

type Ask = (statement: string, ...values: (string | number)[]) => Promise<unknown>;

const sqliteSchema = "select type, name, sql from sqlite_master order by type, name";
const postgresSchema = `
  select table_name, column_name, data_type, is_nullable from information_schema.columns
    where table_schema = 'public'
  union all select tablename, indexname, indexdef, '' from pg_indexes where schemaname = 'public'
  union all select event_object_table, trigger_name, event_manipulation, '' from information_schema.triggers
  order by 1, 2, 3`;

const deployments = `
  select d.id, d.kind, t.conversation, d.key, d.state, d.step, d.revision, t.shown_revision as shown, t.sent
    from deployment d join thread t on t.deployment_id = d.id`;

/** Reads a ledger without writing to it. */
export function readLedger(
  location: { readonly file: string } | { readonly url: string },
): Witness {
  const inFile = "file" in location;
  const { ask, close } = inFile ? askFile(location.file) : askServer(location.url);
  return {
    async deployments(thread) {
      return deploymentLines.parse(await ask(`${deployments} where t.conversation = $1`, thread));
    },
    async newer(id) {
      return deploymentLines.parse(await ask(`${deployments} where d.id > $1 order by d.id`, id));
    },
    async watches() {
      const marks = await ask("select commit_id from watched_file where commit_id is not null");
      return Array.isArray(marks) && marks.length > 0;
    },
    async audit(id) {
      const query =
        "select actor_name as actor, action from audit where deployment_id = $1 order by id";
      return auditLines.parse(await ask(query, id));
    },
    async doubts() {
      const lines = threadLines.parse(
        await ask("select conversation, sent from thread where lease_until > 0"),
      );
      return lines.flatMap(({ conversation: thread, sent: { card, replies } }) => {
        const unsaid = Object.entries(replies).filter(([, state]) => state === "intent");
        const doubts: Doubt[] = unsaid.map(([post]) => ({ thread, what: "reply", post }));
        if (card?.state !== "intent") return doubts;
        return [...doubts, { thread, what: "card", post: `${card.posts}` }];
      });
    },
    async schema() {
      const migrations = await ask("select name from kysely_migration order by name");
      return JSON.stringify([await ask(inFile ? sqliteSchema : postgresSchema), migrations]);
    },
    close,
  };
}

function askFile(file: string): { ask: Ask; close: () => Promise<void> } {
  let open: SQLite.Database | undefined;
  return {
    ask: (statement, ...values) => {
      open ??= new SQLite(file, { readonly: true, timeout: 60_000 });
      const named = Object.fromEntries(values.map((value, i) => [String(i + 1), value]));
      return Promise.resolve(
        values.length === 0 ? open.prepare(statement).all() : open.prepare(statement).all(named),
      );
    },
    close: () => Promise.resolve(void open?.close()),
  };
}

function askServer(url: string): { ask: Ask; close: () => Promise<void> } {
  const pool = new Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 60_000 });
  pool.on("error", () => {});
  return {
    ask: async (statement, ...values) => (await pool.query(statement, values)).rows as unknown,
    close: () => pool.end(),
  };
}
