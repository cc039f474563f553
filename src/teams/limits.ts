import type { Clock } from "../deployment/ports.ts";
import { createBuckets } from "./token-bucket.ts";

/** A person may say twenty things at once, and then one every two seconds; everybody in a channel together five times that. */
const ofPerson = { perSecond: 0.5, burst: 20 };
const ofChannel = { perSecond: 2.5, burst: 100 };
const mostRemembered = 1000;

/** `tell`: too much, and nobody has said so yet. `drop`: it was said. */
export type Pace = "fine" | "tell" | "drop";

export const tooFast =
  "That is more than omnibot can take at once; it leaves the rest out. Please go on in half a minute.";

/** How much a person, and a channel, may ask for. Whoever is told so is told once, until there is room again. */
export function createLimits(clock: Clock): (person: string, channel: string) => Pace {
  const people = createBuckets(ofPerson);
  const channels = createBuckets(ofChannel);
  const told = new Set<string>();

  return function paceOf(person, channel) {
    const now = clock.now();
    // Who is too fast does not use up what belongs to the others.
    const late = people.take(person, now) > 0 ? person : undefined;
    const full = late ?? (channels.take(channel, now) > 0 ? channel : undefined);
    if (full === undefined) {
      told.delete(person);
      told.delete(channel);
      return "fine";
    }
    if (told.has(full)) return "drop";
    if (told.size >= mostRemembered) told.clear();
    told.add(full);
    return "tell";
  };
}
