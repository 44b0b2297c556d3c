/** Whether a record can be true at all, whatever the run: no plan is needed to see that. Pure. */
import type {
  CpuLimit,
  CpuSample,
  DiskSample,
  FioSample,
  Io,
  Latency,
  NetSample,
  Record,
} from "@salvo/proto/telemetry_pb.ts";
import { BIN_COUNT } from "@salvo/shared/fio/bins.ts";
import type { RecordProblem } from "./problem.ts";
import { greatest } from "@salvo/shared/kernel/extremes.ts";

/** 73 years after a host was started, or of a wall clock. */
const NS_MAX = 2n ** 61n;
/** A sample is written when it was taken. Its time may be that of a bridged host, known to some milliseconds. */
const AHEAD_NS_MAX = 5_000_000_000n;
const CORES_MAX = 4096;
const NICS_MAX = 1024;
const TEXT_CHARS_MAX = 128 * 1024;
const NAME_CHARS_MAX = 255;
const PATH_CHARS_MAX = 4096;
/** A process is in one cgroup, and in those above it. */
const QUOTAS_MAX = 256;

/** Undefined when nothing contradicts it. Also of a body that this version does not know. */
export function contentProblem({ atNs, body }: Record): RecordProblem | undefined {
  const late = timeProblem("at_ns", atNs);
  if (late) return late;
  switch (body.case) {
    case "fio":
      return takenProblem(atNs, body.value) ?? fioProblem(atNs, body.value);
    case "cpu":
      return countedProblem(atNs, body.value) ?? countProblem("cores", body.value.cores.length, CORES_MAX);
    case "disk":
      return (
        countedProblem(atNs, body.value) ?? countProblem("characters of a name", body.value.disk.length, NAME_CHARS_MAX)
      );
    case "net":
      return (
        countedProblem(atNs, body.value) ??
        countProblem("NICs", body.value.nics.length, NICS_MAX) ??
        countProblem("characters of a name", greatest(body.value.nics.map(({ name }) => name.length)), NAME_CHARS_MAX)
      );
    case "event":
      return countProblem("characters of text", body.value.text.length, TEXT_CHARS_MAX);
    case "end":
      return countProblem("characters of text", body.value.reason.length, TEXT_CHARS_MAX);
    case "start":
      return (
        timeProblem("released_at_ns", body.value.releasedAtNs) ??
        timeProblem("earliest_ns", body.value.earliestNs) ??
        timeProblem("latest_ns", body.value.latestNs)
      );
    case "hostClock":
      return (
        timeProblem("at_ns", body.value.atNs) ??
        timeProblem("bound_ns", body.value.boundNs) ??
        timeProblem("rtt_ns", body.value.rttNs) ??
        offsetProblem(body.value.offsetNs)
      );
    case "cpuLimit":
      return cpuLimitProblem(body.value);
    case "final":
    case undefined:
    default:
      return undefined;
  }
}

function cpuLimitProblem({ quotas, allowedCpus, onlineCpus }: CpuLimit): RecordProblem | undefined {
  return (
    countProblem("quotas", quotas.length, QUOTAS_MAX) ??
    countProblem(
      "characters of a cgroup",
      greatest([0, ...quotas.map(({ cgroup }) => cgroup.length)]),
      PATH_CHARS_MAX,
    ) ??
    countProblem("cores", Math.max(allowedCpus.length, onlineCpus), CORES_MAX)
  );
}

function takenProblem(atNs: bigint, { takenAtNs }: { readonly takenAtNs: bigint }): RecordProblem | undefined {
  return timeProblem("taken_at_ns", takenAtNs) ?? aheadProblem("taken_at_ns", takenAtNs, atNs);
}

/** The counts are of the time from since_ns to taken_at_ns. */
function countedProblem(atNs: bigint, sample: CpuSample | DiskSample | NetSample): RecordProblem | undefined {
  const { sinceNs, takenAtNs } = sample;
  const taken = takenProblem(atNs, sample) ?? timeProblem("since_ns", sinceNs);
  if (taken || sinceNs <= takenAtNs) return taken;
  return {
    what: "has counts of a time that ends before it begins",
    detail: `since_ns is ${sinceNs - takenAtNs} ns later`,
  };
}

function fioProblem(atNs: bigint, { countedAtNs, read, write }: FioSample): RecordProblem | undefined {
  return (
    timeProblem("counted_at_ns", countedAtNs) ??
    aheadProblem("counted_at_ns", countedAtNs, atNs) ??
    ioProblem(read) ??
    ioProblem(write)
  );
}

function ioProblem(io: Io | undefined): RecordProblem | undefined {
  return io?.latency && latencyProblem(io.latency);
}

function latencyProblem({ bins, counts }: Latency): RecordProblem | undefined {
  if (bins.length !== counts.length)
    return { what: "has not as many latency counts as bins", detail: `${bins.length} bins, ${counts.length} counts` };
  let last = -1;
  for (const bin of bins) {
    if (bin > last && bin < BIN_COUNT) {
      last = bin;
      continue;
    }
    if (bin >= BIN_COUNT) return { what: "has a latency bin that fio does not have", detail: `bin ${bin}` };
    return { what: "has latency bins that do not ascend", detail: `bin ${bin} after ${last}` };
  }
  return undefined;
}

function timeProblem(field: string, ns: bigint): RecordProblem | undefined {
  if (ns >= 0n && ns <= NS_MAX) return undefined;
  return { what: "has a time that no clock shows", detail: `${field} is ${ns}` };
}

function offsetProblem(ns: bigint): RecordProblem | undefined {
  return timeProblem("offset_ns", ns < 0n ? -ns : ns);
}

function aheadProblem(field: string, ns: bigint, atNs: bigint): RecordProblem | undefined {
  if (ns <= atNs + AHEAD_NS_MAX) return undefined;
  return { what: "tells of a time after it was written", detail: `${field} is ${ns - atNs} ns later` };
}

function countProblem(of: string, count: number, max: number): RecordProblem | undefined {
  return count <= max ? undefined : { what: `has too many ${of}`, detail: `${count}, over the limit of ${max}` };
}
