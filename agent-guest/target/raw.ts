/** Raw disks as volumes: what initiators get is a disk of the device mapper's, which begins behind Salvo's label. */
import type { AgentConfig } from "@salvo/proto/agent_file_pb.ts";
import type { Device } from "@salvo/proto/lab_pb.ts";
import { listedDevice } from "@salvo/shared/agent/devices/device.ts";
import { RESERVED_BYTES } from "@salvo/shared/agent/domain/guard/label.ts";
import type { Maker } from "@salvo/shared/agent/domain/provision/names.ts";
import type { Found, Piece } from "./piece.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { sha256 } from "@salvo/shared/kernel/sha256.ts";
import { MAP_SECTOR_BYTES } from "../provision/device-mapper.ts";
import type { Host } from "../provision/host.ts";
import { moduleId } from "../provision/modules.ts";

export interface RawDeps {
  readonly host: Host;
  readonly maker: Maker;
  readonly config: Pick<AgentConfig, "id" | "devices">;
}

export const rawId = (volume: string) => `disk ${volume}`;

/** The path of the map. */
export function rawPath(maker: Maker, volume: string): string {
  return `/dev/mapper/${rawName(maker, volume)}`;
}

export function rawBytes({ sizeBytes }: Device): bigint {
  return sizeBytes - RESERVED_BYTES;
}

/** The device of the agent's own file. Throws `refused` for one that it does not list, and `invalid-input` for a file. */
export function rawDevice(volume: string, name: string, { config }: Pick<RawDeps, "config">): Device {
  const device = listedDevice(config, name);
  if (device.disk) return device;
  throw new SalvoError("invalid-input", `volume ${volume}: device ${name} is a file, not a raw disk`, {
    host: config.id,
    remedy: "Use kind: file, which makes a file of its own",
  });
}

export function wantedRaw(volume: string, device: Device, { maker }: RawDeps): Piece {
  return rawPiece(maker, volume, device.name, rawBytes(device));
}

/** Those of this agent: what the map's uuid tells. */
export function foundRaw({ host, maker }: Pick<RawDeps, "host" | "maker">): Found[] {
  const prefix = uuidPrefix(maker);
  return (host.list("/sys/block") ?? []).flatMap((block) => {
    const uuid = host.read(`/sys/block/${block}/dm/uuid`) ?? "";
    const [volume, device] = uuid.startsWith(prefix) ? uuid.slice(prefix.length).split(".") : [];
    if (volume === undefined || device === undefined) return [];
    const bytes = BigInt(host.read(`/sys/block/${block}/size`) ?? 0) * MAP_SECTOR_BYTES;
    return [rawPiece(maker, volume, device, bytes)];
  });
}

function rawPiece(maker: Maker, volume: string, device: string, sizeBytes: bigint): Piece {
  const map = rawName(maker, volume);
  const uuid = `${uuidPrefix(maker)}${volume}.${device}`;
  return {
    id: rawId(volume),
    kind: "disk",
    text: `disk of volume ${volume}: device ${device} of the agent's file, without its first MiB`,
    needs: [moduleId("dm_mod")],
    facts: { volume, device, bytes: String(sizeBytes) },
    settings: {},
    make: [{ type: "map-disk", device, map, uuid, sizeBytes }],
    remove: [{ type: "run", program: "dmsetup", args: ["remove", map, "--verifyudev"] }],
  };
}

function rawName({ lab, agent }: Maker, volume: string): string {
  return `salvo-${sha256(JSON.stringify(["raw", lab, agent, volume])).slice(0, 12)}`;
}

/** Names of labs, agents, volumes and devices have no dots. */
function uuidPrefix({ lab, agent }: Maker): string {
  return `SALVO-${lab}.${agent}.`;
}
