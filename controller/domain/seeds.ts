/** Which random numbers the fio of each agent has. Every run of a repeat has the same, so that scenarios are compared fairly. */
import { clone } from "@bufbuild/protobuf";
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { type Workload, WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { sha256 } from "@salvo/shared/kernel/sha256.ts";

/** From 1 to 2^31: 0 would be no seed. */
export function seedOf(...parts: readonly (string | number)[]): number {
  return (Number.parseInt(sha256(JSON.stringify(parts)).slice(0, 8), 16) >>> 1) + 1;
}

/** What an agent is to run: agents differ, so that the guests of a shared LUN do not read the same blocks at the same time. */
export function seededWorkload({ workload, seed }: Pick<RunSpec, "workload" | "seed">, agent: string): Workload {
  assert(workload, "a run has a workload");
  if (workload.seed > 0 || seed === 0) return workload;
  const seeded = clone(WorkloadSchema, workload);
  seeded.seed = seedOf(seed, agent);
  return seeded;
}
