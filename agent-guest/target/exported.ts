import type { MessageInitShape } from "@bufbuild/protobuf";
import { Transport } from "@salvo/proto/storage_pb.ts";
import type { ExportedLunSchema } from "@salvo/proto/target_pb.ts";
import { iscsiName, type Maker, nvmeName, parsePortal } from "@salvo/shared/agent/domain/provision/names.ts";
import { lioWwn, nvmeSerial } from "./identities.ts";
import type { Found } from "./piece.ts";
import { rawId } from "./raw.ts";
import { volumeId } from "./volumes.ts";

type ExportedLun = MessageInitShape<typeof ExportedLunSchema>;

/** Of exports of this agent's own volumes that initiators can come in to, as the kernel tells of them. */
export function exportedLuns(found: readonly Found[], maker: Maker): ExportedLun[] {
  const byId = new Map(found.map((piece) => [piece.id, piece]));
  const targets = found.filter(({ kind, facts }) => kind === "target" && facts["fabric"] !== undefined);
  return targets.flatMap((target) => {
    const parts = found.filter(({ needs }) => needs.includes(target.id));
    const portals = parts.filter(({ kind }) => kind === "portal");
    const how = howOf(target, parts, maker);
    if (!how) return [];
    return parts
      .filter(({ kind, problem }) => kind === "lun" && problem === undefined)
      .flatMap((lun) => {
        const { export: name = "", volume = "", number = "" } = lun.facts;
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
  parts: readonly Found[],
  maker: Maker,
): Pick<ExportedLun, "target" | "transport"> | undefined {
  const { fabric, naa = "", export: name = "" } = facts;
  const uses = (transport: string) => parts.some((part) => part.facts["transport"] === transport);
  if (fabric === "local") return { target: naa, transport: Transport.LOCAL };
  if (fabric === "nvme") {
    const transport = uses("rdma") ? Transport.NVME_RDMA : Transport.NVME_TCP;
    const isOpen = parts.some(({ kind }) => kind === "portal");
    return isOpen ? { target: nvmeName(maker, name), transport } : undefined;
  }
  const transport = uses("iser") ? Transport.ISER : Transport.ISCSI;
  const isOpen = parts.some(({ kind }) => kind === "opening");
  return isOpen ? { target: iscsiName(maker, name), transport } : undefined;
}

function identityOf(target: Found, lun: Found, number: number, volumeSerial: string) {
  const { uuid } = lun.facts;
  if (uuid === undefined) return { wwn: lioWwn(volumeSerial), serial: volumeSerial };
  return { wwn: `uuid.${uuid}`, serial: nvmeSerial(target.facts["serial"] ?? "", number) };
}
