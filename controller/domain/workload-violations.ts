import { Unit } from "@salvo/proto/rule_pb.ts";
import { Layout, type Scenario, type Study } from "@salvo/proto/study_pb.ts";
import type { Workload } from "@salvo/proto/workload_pb.ts";
import { formatQuantity } from "@salvo/shared/config/quantity.ts";
import type { Violation } from "@salvo/shared/config/rules.ts";
import { jobIopsMax } from "@salvo/shared/fio/job-limit.ts";
import { workloadProblems } from "@salvo/shared/fio/workload-problems.ts";

/** What workloads ask for that does not go together, with the place in the study. */
export function workloadViolations({ workloads, scenarios, intervalMs }: Study): Violation[] {
  return workloads.flatMap((workload, index) => {
    const at = `workloads[${index}]`;
    const found = workloadProblems(workload).map(({ key, message, unset }): Violation => ({
      path: `${at}.${key}`,
      message,
      ...(unset && { unset }),
    }));
    const shared = workload.verify ? scenarios.find(isShared) : undefined;
    if (shared)
      found.push({
        path: `${at}.verify`,
        message: `cannot work in scenario ${shared.name}: guests of a shared LUN overwrite each other's blocks`,
      });
    if (intervalMs > 0 && workload.thinkTimeMs * 2 > intervalMs)
      found.push({
        path: `${at}.thinkTimeMs`,
        message: `must be at most half of the sampling interval of ${formatQuantity(BigInt(intervalMs), Unit.MILLISECONDS)}: fio answers only between two waits`,
      });
    return found;
  });
}

function isShared({ storage }: Scenario): boolean {
  return storage?.layout === Layout.SHARED_LUN && storage.guests.length !== 1;
}

/** fio 3.33 sleeps in a job that has reached its limit, and answers no dump before it wakes. */
export function workloadNotes(workload: Workload, intervalMs: number): string[] {
  const perSecond = jobIopsMax(workload);
  const perTick = (perSecond * intervalMs) / 1000;
  if (perSecond === 0 || perTick >= 2) return [];
  return [
    `${workload.name} is limited to ${Number(perTick.toPrecision(3))} I/Os per job and sample: fio sleeps between them, and its answers will come late`,
  ];
}
