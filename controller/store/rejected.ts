import type { RunSpec } from "@salvo/proto/run_pb.ts";
import type { Record } from "@salvo/proto/telemetry_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { decodeRecord } from "../analysis/decode.ts";
import type { SpoolEntry } from "./batch.ts";

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

/** More of each tick than an agent has to say, and much more besides: a number above this is nobody's. */
const RECORDS_PER_TICK = 4;
const RECORDS_BESIDES = 10_000;

/** The highest number that a record of a run can have, by its plan. */
export function seqMaxOf({ participants, workload, intervalMs }: RunSpec): number {
  const ticks = ((workload?.rampMs ?? 0) + (workload?.durationMs ?? 0)) / intervalMs;
  return Math.ceil((ticks + 1) * RECORDS_PER_TICK * (participants.length + 1)) + RECORDS_BESIDES;
}

/**
 * Gives an entry's record when it is one that the run's plan can have. Files and rows are named after participants, and an agent
 * may speak of its own only. Whatever else is in a spool is left out: it must not keep the run from being sealed.
 */
export function soundRecords(
  spec: RunSpec,
  rejected: Rejected,
): (agent: string, entry: SpoolEntry) => Record | undefined {
  const agentOf = new Map(spec.participants.map(({ id, agent }) => [id, agent]));
  const seqMax = seqMaxOf(spec);
  return (agent, { seq, payload }) => {
    try {
      if (seq > seqMax) throw new SalvoError("corrupt", `record ${seq} of ${agent} is more than the run can have`);
      const record = checkedRecord(agent, seq, payload);
      const { body } = record;
      const id = body.value && "participant" in body.value ? body.value.participant : "";
      const ofNobody = body.case === "cpu" || body.case === "end" || body.case === undefined;
      if (ofNobody || (id === "" && body.case === "event") || agentOf.get(id) === agent) return record;
      throw new SalvoError("corrupt", `record ${seq} of ${agent} is of ${JSON.stringify(id)}, which it does not have`);
    } catch (error) {
      rejected.add(toSalvoError(error).message);
      return undefined;
    }
  };
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
