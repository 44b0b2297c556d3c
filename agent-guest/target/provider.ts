/** This host as a target: LIO and the kernel's NVMe target, by configfs alone. Nothing is saved, so that a reboot forgets it. */
import { dirname, join } from "node:path";
import { type Export, type TargetSpec, Transport, VolumeKind } from "@salvo/proto/storage_pb.ts";
import { openClaims } from "@salvo/shared/agent/guard/claims.ts";
import type { ProviderDeps, TargetProvider } from "@salvo/shared/agent/provision/provider.ts";
import { isNvme } from "@salvo/shared/agent/domain/provision/transports.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { linuxDisks } from "../disks/disks.ts";
import { linuxHost } from "../provision/host.ts";
import { performPlain } from "../provision/perform.ts";
import { openSecrets, type Secrets } from "../provision/secrets.ts";
import { foundBase, wantedBase } from "./base.ts";
import { exportedLuns } from "./exported.ts";
import { foundIscsi } from "./found-iscsi.ts";
import { foundNvme, nvmePorts } from "./found-nvme.ts";
import { wantedIscsi } from "./iscsi.ts";
import { backendOf, foundLioVolumes, wantedLioVolume } from "./lio-volumes.ts";
import { foundLocal, wantedLocal } from "./local.ts";
import { mapDisk } from "./map-disk.ts";
import { nvmeTransport, wantedNvme } from "./nvme.ts";
import { foundNvmeVolumes, wantedNvmeVolume } from "./nvme-volumes.ts";
import { describe, type Op } from "./op.ts";
import type { Found, Piece } from "./piece.ts";
import { foundRaw, rawDevice, wantedRaw } from "./raw.ts";
import type { VolumeDeps } from "./volumes.ts";

export function linuxTarget({ config, lab }: ProviderDeps): TargetProvider<Op> {
  const secrets = openSecrets(join(dirname(config.identityDir), "secrets"));
  const maker = { lab: lab || "none", agent: config.id };
  const deps = { host: linuxHost, maker, config, folder: join(config.dataDir, "volumes") };
  const diskDeps = { host: config.id, config, disks: linuxDisks(), claims: openClaims(config.dataDir), lab };
  return {
    look: async () => lookAtTarget(deps, secrets),
    describe,
    perform: (op) => (op.type === "map-disk" ? mapDisk(op, diskDeps) : performPlain(op, secrets.read)),
  };
}

/** Whatever the host is: a test has one of its own. */
export function lookAtTarget(deps: VolumeDeps, secrets: Secrets) {
  const raw = foundRaw(deps);
  const found = [
    ...foundBase(deps.host),
    ...raw,
    ...foundLioVolumes(deps, raw),
    ...foundNvmeVolumes(deps),
    ...foundIscsi({ ...deps, secrets }),
    ...foundLocal(deps.host, deps.maker),
    ...foundNvme(deps, raw),
  ];
  return {
    found,
    show: (pieces: readonly Found[]) => ({ luns: exportedLuns(pieces, deps.maker) }),
    wanted: (spec: TargetSpec) => wantedPieces(spec, deps, secrets),
  };
}

function wantedPieces(spec: TargetSpec, deps: VolumeDeps, secrets: Secrets): Piece[] {
  const { volumes, exports } = spec;
  const { host, maker } = deps;
  for (const each of exports) check(each, spec, maker.agent);
  const nvmeOnes = exports.filter(({ transport }) => isNvme(transport));
  const ofNvme = new Set(nvmeOnes.flatMap(({ luns }) => luns.map(({ volume }) => volume)));
  const [forNvme, forLio] = [
    volumes.filter(({ name }) => ofNvme.has(name)),
    volumes.filter(({ name }) => !ofNvme.has(name)),
  ];
  const volumeOf = (name: string) => {
    const found = volumes.find((volume) => volume.name === name);
    if (found) return found;
    throw new SalvoError("internal", `volume ${name} was looked for before`);
  };
  const has = (transport: Transport) => exports.some((each) => each.transport === transport);
  const ports = nvmePorts(host);
  const pieces = [
    ...wantedBase(
      {
        backends: new Set(forLio.map(backendOf)),
        iscsi: has(Transport.ISCSI) || has(Transport.ISER),
        iser: has(Transport.ISER),
        local: has(Transport.LOCAL),
        nvme: new Set(nvmeOnes.flatMap(({ transport }) => nvmeTransport(transport) ?? [])),
        ramDisks: forNvme.some(({ kind }) => kind === VolumeKind.RAM),
        maps: volumes.some(({ kind }) => kind === VolumeKind.DISK),
      },
      host,
      maker.agent,
    ),
    ...volumes
      .filter(({ kind }) => kind === VolumeKind.DISK)
      .map(({ name, device }) => wantedRaw(name, rawDevice(name, device, deps), deps)),
    ...forLio.map((volume) => wantedLioVolume(volume, deps)),
    ...forNvme.flatMap((volume) => wantedNvmeVolume(volume, deps)),
    ...exports.flatMap((each) => {
      if (isNvme(each.transport)) return wantedNvme(each, volumeOf, ports, deps);
      const backendOfName = (name: string) => backendOf(volumeOf(name));
      if (each.transport === Transport.LOCAL) return wantedLocal(each, maker, backendOfName);
      return wantedIscsi(each, maker, backendOfName, secrets);
    }),
  ];
  // Exports share NVMe's ports and hosts.
  return [...new Map(pieces.map((piece) => [piece.id, piece])).values()];
}

/** Throws `invalid-input` for what contradicts itself, or the rest of the spec. */
function check(each: Export, { volumes, exports }: TargetSpec, host: string): void {
  const { name, transport, luns, portals } = each;
  const wrong = (why: string) => new SalvoError("invalid-input", `export ${name} ${why}`, { host });
  const isLocal = transport === Transport.LOCAL;
  if (isLocal !== (portals.length === 0)) throw wrong(isLocal ? "is local, and has portals" : "has no portal");
  if (isLocal && (each.chap || each.initiators.length > 0 || each.queueDepth > 0))
    throw wrong("is local: nobody logs in, so initiators, CHAP and queue depth are of no use");
  if (new Set(luns.map(({ number }) => number)).size < luns.length) throw wrong("has two LUNs of one number");
  if (new Set(portals.map(({ address, port }) => `${address} ${port}`)).size < portals.length)
    throw wrong("has the same portal twice");
  for (const { number, volume } of luns) {
    if (!volumes.some((known) => known.name === volume))
      throw wrong(`has LUN ${number} of volume ${volume}, which does not exist`);
    const other = exports.find(
      (one) => isNvme(one.transport) !== isNvme(each.transport) && one.luns.some((lun) => lun.volume === volume),
    );
    if (other)
      throw wrong(`and ${other.name} have volume ${volume}: the kernel keeps those of NVMe apart from the others`);
  }
}
