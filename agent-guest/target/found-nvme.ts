import { VolumeKind } from "@salvo/proto/storage_pb.ts";
import { exportOfNvmeName } from "@salvo/shared/agent/domain/provision/names.ts";
import type { Found } from "./piece.ts";
import type { Host } from "../provision/host.ts";
import { moduleId } from "../provision/modules.ts";
import { targetId } from "./ids.ts";
import { allowed, type FoundPort, hostPiece, namespace, portal, portPiece, subsystem, subsystemPath } from "./nvme.ts";
import { nvmePath } from "./nvme-volumes.ts";
import { NVMET } from "./places.ts";
import { rawId } from "./raw.ts";
import { type VolumeDeps, volumeId } from "./volumes.ts";

/** Every subsystem there is; of this agent's own ones, every part of them, whoever made it. raw: of foundRaw. */
export function foundNvme(deps: VolumeDeps, raw: readonly Found[]): Found[] {
  const { host, maker } = deps;
  const ports = nvmePorts(host);
  const subsystems = host.list(`${NVMET}/subsystems`) ?? [];
  return [
    ...(host.list(`${NVMET}/hosts`) ?? []).map(hostPiece),
    ...ports.map(portPiece),
    ...subsystems.flatMap((nqn) => {
      const name = exportOfNvmeName(maker, nqn);
      return name === undefined ? [othersSubsystem(nqn)] : findExport(name, nqn, ports, raw, deps);
    }),
  ];
}

/** Those of other transports than ours are left out. One that was never finished has no address, or none yet. */
export function nvmePorts(host: Host): FoundPort[] {
  return (host.list(`${NVMET}/ports`) ?? []).flatMap((folder) => {
    const read = (file: string) => host.read(`${NVMET}/ports/${folder}/${file}`) ?? "";
    const transport = read("addr_trtype");
    if (transport !== "tcp" && transport !== "rdma" && transport !== "") return [];
    const address = read("addr_traddr");
    return [{ folder, transport: transport || "tcp", address, port: Number(read("addr_trsvcid")) }];
  });
}

function othersSubsystem(nqn: string): Found {
  const id = targetId(nqn);
  return {
    id,
    kind: "target",
    text: `NVMe target ${nqn}`,
    needs: [moduleId("nvmet")],
    facts: {},
    settings: {},
    make: [],
    remove: [],
  };
}

function findExport(
  name: string,
  nqn: string,
  ports: readonly FoundPort[],
  raw: readonly Found[],
  deps: VolumeDeps,
): Found[] {
  const { host, maker } = deps;
  const path = subsystemPath(maker, name);
  const anybody = host.read(`${path}/attr_allow_any_host`) === "1";
  const parts = [
    subsystem(maker, name, anybody, host.read(`${path}/attr_serial`) ?? ""),
    ...(host.list(`${path}/namespaces`) ?? []).map((number) => findNamespace(name, number, raw, deps)),
    ...(host.list(`${path}/allowed_hosts`) ?? []).map((nqn) => allowed(maker, name, nqn)),
  ];
  const ids = parts.map(({ id }) => id);
  const links = ports.filter(({ folder }) => host.list(`${NVMET}/ports/${folder}/subsystems`)?.includes(nqn));
  return [...parts, ...links.map((port) => portal(maker, name, port, ids))];
}

function findNamespace(name: string, number: string, raw: readonly Found[], deps: VolumeDeps): Found {
  const { host, maker } = deps;
  const folder = `${subsystemPath(maker, name)}/namespaces/${number}`;
  const path = host.read(`${folder}/device_path`) ?? "";
  const uuid = host.read(`${folder}/device_uuid`) ?? "";
  const piece = namespace(maker, name, number, { ...volumeAt(path, raw, deps), path, uuid });
  if (host.read(`${folder}/enable`) === "1") return piece;
  return { ...piece, needs: [targetId(name)], problem: "it was never enabled" };
}

/** Of this agent's volumes the one that is kept there. */
function volumeAt(path: string, raw: readonly Found[], deps: VolumeDeps): { volume: string; needs?: string } {
  const [, name = ""] = /([a-z0-9-]+)(?:\.img)?$/.exec(path) ?? [];
  const isOne = (kind: VolumeKind, thin: boolean) => nvmePath({ name, kind, thin }, deps) === path;
  if (isOne(VolumeKind.RAM, false) || isOne(VolumeKind.FILE, false) || isOne(VolumeKind.FILE, true))
    return { volume: name, needs: volumeId(name) };
  const volumes = raw.flatMap(({ facts }) => facts["volume"] ?? []);
  const disk = volumes.find((each) => nvmePath({ name: each, kind: VolumeKind.DISK, thin: false }, deps) === path);
  return disk === undefined ? { volume: path || "nothing" } : { volume: disk, needs: rawId(disk) };
}
