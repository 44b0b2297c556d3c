/** What the plan of a run lets one agent have to say: the measure for all that comes under the agent's name. */
import type { RunSpec } from "@salvo/proto/run_pb.ts";

export interface StreamLimits {
  /** The highest tick of any sample. */
  readonly ticks: number;
  /** Also the highest number that a record may have. */
  readonly recordsMax: number;
  /** Of all its records together. */
  readonly bytesMax: number;
}

/** What the limits are derived from. */
export type Planned = Pick<RunSpec, "participants" | "workload" | "intervalMs">;

/** More of each tick than an agent has to say: samples of fio, disk, cores and NICs, and what became of ways to storage. */
const RECORDS_PER_TICK = 4;
/** An observer samples all disks of its host. */
const OBSERVED_DISKS_MAX = 256;
const RECORDS_BESIDES = 10_000;
/** 4 bytes are kept for every number: a week of 30 records a second is 73 MB. */
const SEQ_MAX = 2 ** 28;

/** A sample with a thousand latency bins in use, which is more than most devices ever have, has 5 KiB. */
const PARTICIPANT_TICK_BYTES = 16 * 1024;
/** 24 bytes for each core, 80 for each NIC. */
const HOST_TICK_BYTES = 32 * 1024;
const OBSERVED_DISK_BYTES = 150;
/** fio's own document at the end, as long as a journal takes it. */
const FINAL_BYTES = 4 * 1024 * 1024;
const BYTES_BESIDES = 16 * 1024 * 1024;

export function limitsOf({ participants, workload, intervalMs }: Planned, agent: string): StreamLimits {
  const ticks = Math.floor(((workload?.rampMs ?? 0) + (workload?.durationMs ?? 0)) / intervalMs);
  const own = participants.filter((each) => each.agent === agent).length;
  const observed = own === 0 ? OBSERVED_DISKS_MAX : 0;
  const records = (ticks + 1) * (RECORDS_PER_TICK * (own + 1) + observed) + RECORDS_BESIDES;
  const tickBytes = own * PARTICIPANT_TICK_BYTES + HOST_TICK_BYTES + observed * OBSERVED_DISK_BYTES;
  return {
    ticks,
    recordsMax: Math.min(SEQ_MAX, records),
    bytesMax: (ticks + 1) * tickBytes + own * FINAL_BYTES + BYTES_BESIDES,
  };
}
