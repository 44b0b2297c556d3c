import { Unit } from "@salvo/proto/rule_pb.ts";
import type { Study } from "@salvo/proto/study_pb.ts";
import { formatQuantity } from "@salvo/shared/config/quantity.ts";
import type { Violation } from "@salvo/shared/config/rules.ts";
import { blockSizesOf } from "@salvo/shared/fio/block-mix.ts";

/** A disk takes whole sectors: what is told here would otherwise fail once the storage is made, in fio's words. */
export function cutSectors({ scenarios, workloads }: Study): Violation[] {
  return workloads.flatMap((workload, index) =>
    scenarios.flatMap(({ name: scenario, storage }) => {
      const sectorBytes = BigInt(storage?.volume?.sectorBytes ?? 0);
      const cut = sectorBytes === 0n ? undefined : blockSizesOf(workload).find((bytes) => bytes % sectorBytes !== 0n);
      if (cut === undefined) return [];
      const [blocks, sectors] = [cut, sectorBytes].map((bytes) => formatQuantity(bytes, Unit.BYTES));
      const message = `of workload ${workload.name} is ${blocks}, which is no whole number of the sectors of ${sectors} that scenario ${scenario} makes its LUNs with`;
      return [
        { path: `workloads[${index}].${workload.blockSizeMix === "" ? "blockSizeBytes" : "blockSizeMix"}`, message },
      ];
    }),
  );
}
