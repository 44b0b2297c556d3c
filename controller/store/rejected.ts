import type { Record } from "@salvo/proto/telemetry_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { decodeRecord } from "../analysis/decode.ts";

/** Throws `corrupt` unless the payload is the agent's record of that number, whoever says so. */
export function checkedRecord(agent: string, seq: number, payload: Uint8Array): Record {
  let problem: unknown;
  try {
    const record = decodeRecord(payload);
    if (record.seq === seq) return record;
    problem = new SalvoError("corrupt", `it says that it is record ${record.seq}`);
  } catch (error) {
    problem = error;
  }
  throw new SalvoError("corrupt", `record ${seq} of ${agent} is damaged: ${toSalvoError(problem).message}`, {
    host: agent,
    cause: problem,
    remedy: "Check that nobody else writes under the lab's subjects, and that the agent has the controller's version",
  });
}

/** What came under the run's name and is none of its records: anybody may write to NATS, and a run must outlive that. */
export interface Rejected {
  add(reason: string): void;
  /** Sentences for a reader of the run's figures. */
  notes(): string[];
}

const REASONS_MAX = 5;

export function createRejected(): Rejected {
  const reasons = new Map<string, number>();
  let more = 0;
  return {
    add(reason) {
      if (reasons.has(reason) || reasons.size < REASONS_MAX) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      else more++;
    },
    notes() {
      const told = [...reasons].map(
        ([reason, times]) => `left out, ${times === 1 ? "once" : `${times} times`}: ${reason}`,
      );
      return more > 0 ? [...told, `left out: ${more} more that are no records of this run`] : told;
    },
  };
}
