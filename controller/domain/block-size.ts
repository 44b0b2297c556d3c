import { Unit } from "@salvo/proto/rule_pb.ts";
import type { Study } from "@salvo/proto/study_pb.ts";
import { formatQuantity } from "@salvo/shared/config/quantity.ts";
import type { Violation } from "@salvo/shared/config/rules.ts";

/** A disk takes whole sectors: what is told here would otherwise fail once the storage is made, in fio's words. */
export function cutSectors({ scenarios, workloads }: Study): Violation[] {
  return workloads.flatMap(({ name, blockSizeBytes }, index) =>
    scenarios.flatMap(({ name: scenario, storage }) => {
      const sectorBytes = BigInt(storage?.volume?.sectorBytes ?? 0);
      if (sectorBytes === 0n || blockSizeBytes === 0n || blockSizeBytes % sectorBytes === 0n) return [];
      const [blocks, sectors] = [blockSizeBytes, sectorBytes].map((bytes) => formatQuantity(bytes, Unit.BYTES));
      const message = `of workload ${name} is ${blocks}, which is no whole number of the sectors of ${sectors} that scenario ${scenario} makes its LUNs with`;
      return [{ path: `workloads[${index}].blockSizeBytes`, message }];
    }),
  );
}
