import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AttachedLunSchema } from "@salvo/proto/initiator_pb.ts";
import { Transport } from "@salvo/proto/storage_pb.ts";
import type { DiskIdentity, Fact } from "@salvo/shared/agent/domain/guard/facts.ts";
import type { Host } from "../provision/host.ts";
import type { Session } from "./sessions.ts";

type AttachedLun = MessageInitShape<typeof AttachedLunSchema>;

/** Every disk of a target, once for each session to it: transport and state are read back from the session itself. */
export function attachedLuns(disks: readonly DiskIdentity[], sessions: readonly Session[], host: Host): AttachedLun[] {
  const known = disks.filter((disk) => !disk.paths && valueOf(disk.target) !== undefined);
  return known.flatMap((disk): AttachedLun[] => {
    const target = valueOf(disk.target);
    const name = disk.path.slice("/dev/".length);
    const common = {
      target: target?.iqn ?? "",
      number: target?.lun ?? 0,
      disk: name,
      wwn: valueOf(disk.wwn) ?? "",
      serial: valueOf(disk.serial) ?? "",
      sizeBytes: valueOf(disk.sizeBytes) ?? 0n,
    };
    const holder = (host.list(`/sys/block/${name}/holders`) ?? []).find((each) =>
      host.read(`/sys/block/${each}/dm/uuid`)?.startsWith("mpath-"),
    );
    const own = sessions.filter(({ name }) => disk.sessions?.includes(name));
    if (own.length === 0) return [{ ...common, transport: Transport.LOCAL, state: "local" }];
    return own.map(({ name: session, transport, address, port, state }) => ({
      ...common,
      transport,
      portal: { address, port },
      session,
      state,
      multipath: own.length > 1 ? name : (holder ?? ""),
    }));
  });
}

function valueOf<T>(fact: Fact<T>): T | undefined {
  return "value" in fact ? fact.value : undefined;
}
