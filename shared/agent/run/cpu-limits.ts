import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CpuLimitSchema } from "@salvo/proto/telemetry_pb.ts";
import { type CpuLimits, isLimited, limitsSince, withoutCounts } from "../domain/cpu-limit.ts";

/** Of a participant's fio; of the agent itself without a participant. */
export interface RunningPart {
  readonly participant: string;
  readonly pid: number;
}

type Told = MessageInitShape<typeof CpuLimitSchema>;

/** What keeps the processes of a run from CPUs. */
export interface CpuLimitsWatch {
  /** Well before T0: the counts of quotas begin here, and anew when it is called again. */
  begin(parts: readonly RunningPart[]): void;
  /** What `begin` found: a record for each process that is kept from any CPU. */
  found(): Told[];
  /** After the last tick, while the processes run: the same, with what it cost since `begin`. */
  over(parts: readonly RunningPart[]): Told[];
}

export function watchCpuLimits(read: (pid: number) => CpuLimits | undefined): CpuLimitsWatch {
  let before = new Map<string, CpuLimits>();

  function look(parts: readonly RunningPart[]): Map<string, CpuLimits> {
    return new Map(
      parts.flatMap(({ participant, pid }) => {
        const limits = read(pid);
        return limits ? [[participant, limits]] : [];
      }),
    );
  }

  return {
    begin(parts) {
      before = look(parts);
    },
    found: () => [...before].flatMap(([participant, limits]) => told(participant, false, withoutCounts(limits))),
    over: (parts) =>
      [...look(parts)].flatMap(([participant, limits]) =>
        told(participant, true, limitsSince(before.get(participant), limits)),
      ),
  };
}

function told(participant: string, over: boolean, limits: CpuLimits): Told[] {
  if (!isLimited(limits)) return [];
  const quotas = limits.quotas.map(({ cgroup, quotaUs, periodUs, periods, throttledPeriods, throttledUs }) => ({
    cgroup,
    quotaUs: BigInt(quotaUs),
    periodUs: BigInt(periodUs),
    periods: BigInt(periods),
    throttledPeriods: BigInt(throttledPeriods),
    throttledUs: BigInt(throttledUs),
  }));
  return [{ participant, over, quotas, allowedCpus: [...limits.allowedCpus], onlineCpus: limits.onlineCpus }];
}
