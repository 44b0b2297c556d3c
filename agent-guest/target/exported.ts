import type { MessageInitShape } from "@bufbuild/protobuf";
import { Transport } from "@salvo/proto/storage_pb.ts";
import type { ExportedLunSchema } from "@salvo/proto/target_pb.ts";
import {
  iscsiName,
  lioWwn,
  type Maker,
  nvmeName,
  nvmeSerial,
  parsePortal,
} from "@salvo/shared/agent/domain/provision/names.ts";
import type { Found } from "./piece.ts";
import { openingId } from "./ids.ts";
import { rawId } from "./raw.ts";
import { volumeId } from "./volumes.ts";

type ExportedLun = MessageInitShape<typeof ExportedLunSchema>;

/** Of exports of this agent's own volumes that initiators can come in to, as the kernel tells of them. */
export function exportedLuns(found: readonly Found[], maker: Maker): ExportedLun[] {
  const byId = new Map(found.map((piece) => [piece.id, piece]));
  const targets = found.filter(({ kind, facts }) => kind === "target" && facts["fabric"] !== undefined);
  return targets.flatMap((target) => {
    const name = target.facts["export"] ?? "";
    const parts = found.filter(({ facts }) => facts["export"] === name);
    const portals = parts.filter(({ kind }) => kind === "portal");
    const how = howOf(target, portals, maker, name, byId.has(openingId(name)));
    if (!how) return [];
    return parts
      .filter(({ kind, problem }) => kind === "lun" && problem === undefined)
      .flatMap((lun) => {
        const { volume = "", number = "" } = lun.facts;
        const { bytes, sector, serial = "" } = (byId.get(volumeId(volume)) ?? byId.get(rawId(volume)))?.facts ?? {};
        if (bytes === undefined) return [];
        return [
          {
            export: name,
            ...how,
            portals: portals.map(({ facts }) => parsePortal(facts["portal"] ?? "")),
            number: Number(number),
            volume,
            ...identityOf(target, lun, Number(number), serial),
            sizeBytes: BigInt(bytes),
            sectorBytes: Number(sector ?? 0),
          },
        ];
      });
  });
}

/** undefined while nobody can come in. */
function howOf(
  { facts }: Found,
  portals: readonly Found[],
  maker: Maker,
  name: string,
  isOpen: boolean,
): Pick<ExportedLun, "target" | "transport"> | undefined {
  const uses = (transport: string) => portals.some((portal) => portal.facts["transport"] === transport);
  if (facts["fabric"] === "local") return { target: name, transport: Transport.LOCAL };
  if (facts["fabric"] === "nvme") {
    const transport = uses("rdma") ? Transport.NVME_RDMA : Transport.NVME_TCP;
    return portals.length > 0 ? { target: nvmeName(maker, name), transport } : undefined;
  }
  const transport = uses("iser") ? Transport.ISER : Transport.ISCSI;
  return isOpen ? { target: iscsiName(maker, name), transport } : undefined;
}

function identityOf(target: Found, lun: Found, number: number, volumeSerial: string) {
  const { uuid } = lun.facts;
  if (uuid === undefined) return { wwn: lioWwn(volumeSerial), serial: volumeSerial };
  return { wwn: `uuid.${uuid}`, serial: nvmeSerial(target.facts["serial"] ?? "", number) };
}
