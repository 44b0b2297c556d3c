import { sessionChanges, type SessionState } from "../domain/session-changes.ts";
import type { Keep } from "./records.ts";

/** The sessions to the participants' disks, and what became of them from tick to tick. */
export interface Sessions {
  add(participant: string, read: () => readonly SessionState[]): void;
  /** Keeps an event for each session that was lost or came back since the look before. */
  look(tick: number): void;
}

export function createSessions(keep: Keep): Sessions {
  const known: {
    readonly participant: string;
    readonly read: () => readonly SessionState[];
    last: readonly SessionState[];
  }[] = [];
  return {
    // One that is down by then is told of, too.
    add: (participant, read) => void known.push({ participant, read, last: [] }),
    look(tick) {
      for (const each of known) {
        const states = each.read();
        for (const event of sessionChanges(each.last, states, tick))
          keep({ case: "event", value: { ...event, participant: each.participant } });
        each.last = states;
      }
    },
  };
}
