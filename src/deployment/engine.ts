import type { Environment } from "../config/config.ts";
import { createAlarm } from "./alarm.ts";
import { isWorkedOn, type Deployment } from "./deployment.ts";
import { caughtUp } from "./lateness.ts";
import type { Claim, Ledger, Saved, Update } from "./ledger.ts";
import { look } from "./look.ts";
import type { Clock, World } from "./ports.ts";
import type { Step } from "./step.ts";
import { leaveToOthers } from "./stranger.ts";
import { currentStep } from "./transitions.ts";

export interface EngineOptions {
  readonly ledger: Ledger;
  readonly steps: readonly Step[];
  readonly environments: Readonly<Record<string, Environment>>;
  readonly worldOf: (environment: Environment) => World;
  readonly clock: Clock;
  readonly log: Log;
  /** Unique among the processes on this ledger. */
  readonly owner: string;
  /** How long a row is held without a sign of life, in milliseconds. */
  readonly lease?: number;
  /** The longest sleep between two looks for due rows, in milliseconds. */
  readonly idle?: number;
  /** Told after every save, so that the thread can be drawn. */
  readonly saved: (deployment: Deployment) => void;
}

export interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface Engine {
  /** Works until the signal aborts, then finishes the looks that are under way. */
  run(signal: AbortSignal): Promise<void>;
  /** Something may have changed: look for due rows now. */
  readonly hint: () => void;
}

/**
 * A look holds its row this long, and renews that while it is under way: after a crash another process takes over this soon.
 * Whoever comes after finds before it acts (once.ts), so that even a request that is still on its way is not repeated.
 */
const usualLease = 30_000;
/** A look that takes longer than this hangs: its lease is left to end. */
const longestLook = 10 * 60_000;
/** Another process may have created a row, or changed one. */
const usualIdle = 1000;
/** How many rows are looked at side by side. */
const atOnce = 8;

/** Advances every due deployment, one look at a time: claim it, look, save, let it go. */
export function createEngine(options: EngineOptions): Engine {
  const {
    ledger,
    steps,
    environments,
    worldOf,
    clock,
    log,
    owner,
    saved,
    lease = usualLease,
    idle = usualIdle,
  } = options;
  const watches = new Map<number, { readonly step: string; stop(): void }>();
  const alarm = createAlarm();

  async function run(signal: AbortSignal): Promise<void> {
    const looking = new Set<Promise<void>>();
    signal.addEventListener("abort", alarm.ring, { once: true });
    while (!signal.aborted) {
      const claim = looking.size < atOnce ? await claimNext() : undefined;
      if (claim === undefined) {
        await alarm.sleep(await untilNext(looking.size));
        continue;
      }
      const done: Promise<void> = work(claim, signal).finally(() => {
        looking.delete(done);
        alarm.ring();
      });
      looking.add(done);
    }
    await Promise.all(looking);
    for (const watch of watches.values()) watch.stop();
    // Whoever goes on has to watch for itself: it looks now.
    await Promise.all([...watches.keys()].map(wake));
    watches.clear();
  }

  async function claimNext(): Promise<Claim | undefined> {
    try {
      return await ledger.claim(owner, clock.now(), clock.now() + lease);
    } catch (error) {
      log.error({ error }, "the ledger could not be asked for work");
      return undefined;
    }
  }

  async function untilNext(busy: number): Promise<number> {
    if (busy >= atOnce) return idle;
    const next = await ledger.nextDue().catch(() => undefined);
    return next === undefined ? idle : Math.min(Math.max(next - clock.now(), 10), idle);
  }

  /** Looks at the row for as long as it is due at once, and lets it go. */
  async function work(first: Claim, signal: AbortSignal): Promise<void> {
    let claim: Claim | undefined = first;
    while (claim !== undefined) claim = await lookAt(claim, signal);
  }

  /** One look. Returns the row where it was kept for the next. */
  async function lookAt(claim: Claim, signal: AbortSignal): Promise<Claim | undefined> {
    const { deployment } = claim;
    const environment = environments[deployment.environment];
    const beating = keep(claim);
    try {
      if (environment === undefined) {
        await leave(claim);
        return undefined;
      }
      const world = worldOf(environment);
      const report = (error: unknown) =>
        log.error({ deployment: deployment.key, error }, "a step failed by a bug");
      const update = await look(claim, { steps, ledger, clock, environment, world, lease, report });
      const done = update === undefined ? undefined : await save(claim, update, signal);
      if (update === undefined || done === undefined || done.state === "lost") {
        log.warn({ deployment: deployment.key }, "the row was taken over during a look");
        return undefined;
      }
      tell(update.deployment, deployment);
      tellTrouble(update, claim);
      watchFor(update.deployment, world);
      saved(update.deployment);
      return done.state === "kept" ? done.claim : undefined;
    } catch (error) {
      // The lease ends by itself and the row is claimed again: nothing is lost but time.
      log.error({ deployment: deployment.key, error }, "a look could not be saved");
      return undefined;
    } finally {
      clearInterval(beating);
    }
  }

  /** A row that is due at once need not be let go and claimed again. */
  function save(claim: Claim, update: Update, signal: AbortSignal): Promise<Saved> {
    const now = clock.now();
    const due = isWorkedOn(update.deployment) && update.nextAt <= now && !signal.aborted;
    return due ? ledger.save(claim, update, now + lease) : ledger.save(claim, update);
  }

  /** Renews the lease while its look is under way. One that is lost is noticed by the next intent or save. */
  function keep(claim: Claim): NodeJS.Timeout {
    const end = clock.now() + longestLook;
    const beating = setInterval(() => {
      if (clock.now() > end) return clearInterval(beating);
      ledger
        .renew(claim, clock.now() + lease)
        .catch((error: unknown) =>
          log.warn({ deployment: claim.deployment.key, error }, "a lease could not be renewed"),
        );
    }, lease / 3);
    return beating;
  }

  /** A deployment whose environment is not configured here, or not any more. */
  async function leave(given: Claim): Promise<void> {
    const { environment, key } = given.deployment;
    log.warn({ deployment: key, environment }, "the environment is not configured");
    const claim = caughtUp(given, clock.now());
    const detail = `This omnibot has no environment "${environment}" in its configuration.`;
    const update = leaveToOthers(claim, "environment-unknown", detail, clock.now());
    if ((await ledger.save(claim, update)).state === "lost") return;
    tell(update.deployment, given.deployment);
    saved(update.deployment);
  }

  function tell(after: Deployment, before: Deployment): void {
    const [step, earlier] = [currentStep(after)?.step, currentStep(before)?.step];
    if (step === earlier && after.state === before.state) return;
    const { id, key, environment, state, failure } = after;
    const facts = { deployment: key, number: id, environment, state, step, code: failure?.code };
    log.info(facts, after.state === "active" ? "next step" : "ended");
  }

  /** A service that gives trouble is told of once, and once more when it is over. */
  function tellTrouble({ deployment, trouble: now }: Update, { trouble: before }: Claim): void {
    if (now?.message === before?.message) return;
    const facts = { deployment: deployment.key, step: currentStep(deployment)?.step };
    if (now === undefined) return log.info(facts, "the trouble is over");
    const { kind, service, message } = now;
    log.warn({ ...facts, kind, service, why: message }, "trouble; tries again");
  }

  /** Watches what the current step waits for, and stops when the row moves on. */
  function watchFor(deployment: Deployment, world: World): void {
    const wanted = isWorkedOn(deployment) ? currentStep(deployment)?.step : undefined;
    const watched = watches.get(deployment.id);
    if (watched?.step === wanted) return;
    watched?.stop();
    watches.delete(deployment.id);
    const step = steps.find((one) => one.name === wanted);
    if (wanted === undefined || step?.watch === undefined) return;
    const watch = step.watch(deployment, world, () => void wake(deployment.id));
    watches.set(deployment.id, { step: wanted, stop: () => watch.stop() });
  }

  async function wake(id: number): Promise<void> {
    try {
      await ledger.wake(id, clock.now());
      await letGo(id);
    } catch (error) {
      log.warn({ error }, "a hint was lost");
    }
    alarm.ring();
  }

  /** Stops watching for a row that another process has moved on. */
  async function letGo(id: number): Promise<void> {
    const deployment = await ledger.get(id);
    const worked = deployment !== undefined && isWorkedOn(deployment);
    const step = worked ? currentStep(deployment)?.step : undefined;
    const watch = watches.get(id);
    if (watch === undefined || watch.step === step) return;
    watch.stop();
    watches.delete(id);
  }

  return { run, hint: alarm.ring };
}
