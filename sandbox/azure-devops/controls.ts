import { setTimeout as delay } from "node:timers/promises";

/** What the organization allows, and what it is short of. Everything is well until somebody changes it. */
export class Controls {
  /** Whether omnibot's identity has the permission "Queue builds". */
  mayQueue = true;
  /** Whether it has the permission "Edit queue build configuration". */
  mayConfigure = true;
  /** Whether it has the permission "Stop builds". */
  mayStop = true;
  /** Whether the pool has an agent that is free. */
  agents = true;
  /** Whether the approval before the first stage is given. */
  approved = true;
  /** The pipeline itself, as an administrator may set it. */
  queueStatus: "enabled" | "paused" | "disabled" = "enabled";
  /** The commit that runs check out in the end, and the number that they give themselves, instead of what was asked for. */
  commit: string | undefined;
  number: string | undefined;

  /** Resolves when a new run may begin, or the signal is aborted. */
  async ready(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !(this.agents && this.approved))
      await delay(20, undefined, { signal, ref: false }).catch(() => {});
  }
}
