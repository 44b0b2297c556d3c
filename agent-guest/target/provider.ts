/** LIO as a target, by configfs alone: no targetcli, and nothing of it is saved, so that a reboot forgets it. */
import { dirname, join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type TargetSpec, Transport, VolumeKind } from "@salvo/proto/storage_pb.ts";
import type { ExportedLunSchema } from "@salvo/proto/target_pb.ts";
import { iscsiName, lioWwn } from "@salvo/shared/agent/domain/provision/names.ts";
import type { Found, Piece } from "@salvo/shared/agent/domain/provision/piece.ts";
import type { ProviderDeps, TargetProvider } from "@salvo/shared/agent/provision/provider.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { type Host, linuxHost } from "../provision/host.ts";
import { perform } from "../provision/perform.ts";
import { openSecrets, type Secrets } from "../provision/secrets.ts";
import { foundBase, wantedBase } from "./base.ts";
import { wantedExport } from "./exports.ts";
import { foundExports } from "./found-exports.ts";
import type { Backend } from "./places.ts";
import { foundVolumes, type VolumeDeps, wantedVolume } from "./volumes.ts";

export function lioTarget({ config, lab }: ProviderDeps): TargetProvider {
  const secrets = openSecrets(join(dirname(config.identityDir), "secrets"));
  const maker = { lab: lab || "none", agent: config.id };
  return {
    look: async () => lookAtLio({ host: linuxHost, maker, folder: join(config.dataDir, "volumes") }, secrets),
    perform: async (op) => perform(op, secrets.read),
  };
}

/** Whatever the host is: a test has one of its own. */
export function lookAtLio(deps: VolumeDeps & { readonly host: Host }, secrets: Secrets) {
  const found = [...foundBase(deps.host), ...foundVolumes(deps), ...foundExports({ ...deps, secrets })];
  return {
    found,
    shown: { luns: exportedLuns(found, deps) },
    wanted: (spec: TargetSpec) => wantedPieces(spec, deps, secrets),
  };
}

function wantedPieces({ volumes, exports }: TargetSpec, deps: VolumeDeps, secrets: Secrets): Piece[] {
  const host = deps.maker.agent;
  const backends = new Map<string, Backend>(
    volumes.map(({ name, kind }) => [name, kind === VolumeKind.RAM ? "rd_mcp" : "fileio"]),
  );
  for (const { name, transport, luns, portals } of exports) {
    const wrong = (why: string) => new SalvoError("invalid-input", `export ${name} ${why}`, { host });
    if (transport !== Transport.ISCSI && transport !== Transport.ISER)
      throw new SalvoError("refused", `export ${name}: this agent does not export NVMe yet`, {
        host,
        remedy: "Use transport: iscsi or transport: iser",
      });
    if (new Set(luns.map(({ number }) => number)).size < luns.length) throw wrong("has two LUNs of one number");
    if (new Set(portals.map(({ address, port }) => `${address} ${port}`)).size < portals.length)
      throw wrong("has the same portal twice");
    const unknown = luns.find(({ volume }) => !backends.has(volume));
    if (unknown) throw wrong(`has LUN ${unknown.number} of volume ${unknown.volume}, which there is not`);
  }
  const backendOf = (volume: string) => backends.get(volume) ?? "rd_mcp";
  const iser = exports.some(({ transport }) => transport === Transport.ISER);
  return [
    ...wantedBase(new Set(backends.values()), { fabric: exports.length > 0, iser }),
    ...volumes.map((volume) => wantedVolume(volume, deps)),
    ...exports.flatMap((each) => wantedExport(each, deps.maker, backendOf, secrets)),
  ];
}

/** Of whole exports of this agent's own volumes. */
function exportedLuns(found: readonly Found[], { maker }: VolumeDeps): MessageInitShape<typeof ExportedLunSchema>[] {
  const byId = new Map(found.map((piece) => [piece.id, piece]));
  const open = found.flatMap(({ id }) => (id.startsWith("opening ") ? [id.slice("opening ".length)] : []));
  return open.flatMap((name) => {
    const parts = found.filter(({ id }) => id.startsWith(`portal ${name} `));
    const iser = parts.some(({ facts }) => facts["transport"] === "iser");
    const portals = parts.map(({ id }) => portalIn(id.slice(`portal ${name} `.length)));
    return found
      .filter(({ id, problem }) => id.startsWith(`lun ${name}/`) && problem === undefined)
      .flatMap(({ id, facts: { volume = "" } }) => {
        const { bytes, serial = "", sector } = byId.get(`volume ${volume}`)?.facts ?? {};
        if (serial === "") return [];
        return [
          {
            export: name,
            target: iscsiName(maker, name),
            transport: iser ? Transport.ISER : Transport.ISCSI,
            portals,
            number: Number(id.slice(`lun ${name}/`.length)),
            volume,
            wwn: lioWwn(serial),
            serial,
            sizeBytes: BigInt(bytes ?? 0),
            sectorBytes: Number(sector),
          },
        ];
      });
  });
}

function portalIn(shown: string) {
  const colon = shown.lastIndexOf(":");
  return { address: shown.slice(0, colon).replaceAll(/[[\]]/g, ""), port: Number(shown.slice(colon + 1)) };
}
