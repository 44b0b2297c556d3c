import { wayChanges, type WayState } from "../domain/way-changes.ts";
import type { Keep } from "./records.ts";

/** The ways to the participants' disks, and what became of them from tick to tick. */
export interface Ways {
  add(participant: string, read: () => readonly WayState[]): void;
  /** Keeps an event for each way that was lost or came back since the look before. */
  look(tick: number): void;
}

export function createWays(keep: Keep): Ways {
  const known: { readonly participant: string; readonly read: () => readonly WayState[]; last: readonly WayState[] }[] =
    [];
  return {
    // One that is down by then is told of, too.
    add: (participant, read) => void known.push({ participant, read, last: [] }),
    look(tick) {
      for (const each of known) {
        const states = each.read();
        for (const event of wayChanges(each.last, states, tick))
          keep({ case: "event", value: { ...event, participant: each.participant } });
        each.last = states;
      }
    },
  };
}
