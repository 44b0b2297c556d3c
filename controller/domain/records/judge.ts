/** Whether a record is one that its agent can have written in this run. Pure. */
import type { CoreTime, DiskSample, Io, Record } from "@salvo/proto/telemetry_pb.ts";
import { contentProblem } from "./content.ts";
import { limitsOf, type Planned, type StreamLimits } from "./limits.ts";
import type { RecordProblem } from "./problem.ts";

/** Undefined when nothing is wrong with the agent's record. */
export type RecordJudge = (agent: string, record: Record) => RecordProblem | undefined;

/** No path to storage does so much in a second. What fio could not tell at its tick is in a later sample. */
const IOS_PER_SECOND_MAX = 1e9;
const BYTES_PER_SECOND_MAX = 1e13;
/** A sample tells at most of the time since T0, and of some before it. */
const BEFORE_T0_SECONDS = 60;
/** The kernel counts in jiffies, and a disk's times for each request in flight. */
const CORE_TIME_SLACK = 2;

/** Files and rows are named after participants: an agent may speak of its own only, and an observer of none. */
export function createRecordJudge(plan: Planned): RecordJudge {
  const agentOf = new Map(plan.participants.map(({ id, agent }) => [id, agent]));
  const participating = new Set(agentOf.values());
  const limits = new Map<string, StreamLimits>();

  function limitsFor(agent: string): StreamLimits {
    let known = limits.get(agent);
    if (!known) limits.set(agent, (known = limitsOf(plan, agent)));
    return known;
  }

  function ownerProblem(agent: string, { body }: Record): RecordProblem | undefined {
    if (body.case === undefined || !body.value || !("participant" in body.value)) return undefined;
    const id = body.value.participant;
    if (agentOf.get(id) === agent) return undefined;
    if (
      id === "" &&
      (body.case === "event" || body.case === "cpuLimit" || (body.case === "disk" && !participating.has(agent)))
    )
      return undefined;
    return { what: "names a participant that the agent does not have", detail: JSON.stringify(id.slice(0, 128)) };
  }

  function sampleProblem({ body }: Record, ticks: number): RecordProblem | undefined {
    if (body.case !== "fio" && body.case !== "cpu" && body.case !== "disk" && body.case !== "net") return undefined;
    const { tick } = body.value;
    if (tick < 1 || tick > ticks)
      return { what: "names a tick that the run does not have", detail: `tick ${tick} of ${ticks}` };
    const seconds = (tick * plan.intervalMs) / 1000 + BEFORE_T0_SECONDS;
    if (body.case === "fio") return ioProblem(body.value.read, seconds) ?? ioProblem(body.value.write, seconds);
    if (body.case === "disk") return diskProblem(body.value, seconds);
    return body.case === "cpu" ? coresProblem(body.value.cores, seconds) : undefined;
  }

  return (agent, record) => {
    const { ticks, recordsMax } = limitsFor(agent);
    const { seq } = record;
    if (seq < 1 || seq > recordsMax)
      return { what: "has a number that the plan of the run cannot give", detail: `1 to ${recordsMax} can be` };
    return ownerProblem(agent, record) ?? sampleProblem(record, ticks) ?? contentProblem(record);
  };
}

function ioProblem(io: Io | undefined, seconds: number): RecordProblem | undefined {
  if (!io) return undefined;
  return amountProblem("I/Os", io.ios, IOS_PER_SECOND_MAX * seconds) ?? bytesProblem(io.bytes, seconds);
}

function diskProblem({ readBytes, writtenBytes, busyMs }: DiskSample, seconds: number): RecordProblem | undefined {
  return (
    bytesProblem(readBytes, seconds) ??
    bytesProblem(writtenBytes, seconds) ??
    amountProblem("ms", busyMs, CORE_TIME_SLACK * 1000 * seconds)
  );
}

function bytesProblem(bytes: bigint, seconds: number): RecordProblem | undefined {
  return amountProblem("bytes", Number(bytes), BYTES_PER_SECOND_MAX * seconds);
}

function coresProblem(cores: readonly CoreTime[], seconds: number): RecordProblem | undefined {
  const max = CORE_TIME_SLACK * 1000 * seconds;
  for (const { userMs, systemMs, irqMs, softirqMs, stealMs, idleMs, iowaitMs } of cores) {
    const ms = userMs + systemMs + irqMs + softirqMs + stealMs + idleMs + iowaitMs;
    if (ms > max) return amountProblem("ms of a core", ms, max);
  }
  return undefined;
}

function amountProblem(of: string, amount: number, max: number): RecordProblem | undefined {
  if (amount <= max) return undefined;
  return { what: `counts more ${of} than the time since T0 has room for`, detail: `${amount}` };
}
