/** Targets of StarWind with their LUNs, under names of this lab. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Export, type TargetSpec, Transport } from "@salvo/proto/storage_pb.ts";
import type { ExportedLunSchema } from "@salvo/proto/target_pb.ts";
import { exportOfIscsiName, iscsiName, type Maker, shownPortal } from "@salvo/shared/agent/domain/provision/names.ts";
import { transportName } from "@salvo/shared/agent/domain/provision/transports.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { iserAddresses, iserId, iserPiece } from "./base.ts";
import type { Found, Piece } from "./piece.ts";
import type { Known, TargetRecord } from "./records.ts";
import type { StarWindState } from "./state.ts";
import { deviceOf, volumeId } from "./volumes.ts";

const targetId = (name: string) => `target ${name}`;

/** Throws `invalid-input` for what contradicts itself, or what StarWind cannot have by this agent. */
export function checkExport(each: Export, { volumes, exports }: TargetSpec, state: StarWindState, host: string): void {
  const { name, transport, portals, luns, initiators, chap, queueDepth } = each;
  const wrong = (why: string) => new SalvoError("invalid-input", `export ${name} ${why}`, { host });
  if (transport !== Transport.ISCSI && transport !== Transport.ISER)
    throw wrong(`is of ${transportName(transport)}: StarWind exports iscsi and iser`);
  if (portals.length === 0) throw wrong("has no portal");
  if (chap || initiators.length > 0 || queueDepth > 0)
    throw wrong("has chap, initiators or queueDepth, which this agent cannot set on StarWind");
  if (!luns.every(({ number }, index) => number === index))
    throw wrong("must have LUNs 0, 1, 2 in this order: StarWind numbers them so");
  for (const { number, volume } of luns) {
    if (!volumes.some((known) => known.name === volume))
      throw wrong(`has LUN ${number} of volume ${volume}, which does not exist`);
    if (exports.some((other) => other.name !== name && other.luns.some((lun) => lun.volume === volume)))
      throw wrong(`has volume ${volume}, which another export has: a device of StarWind has one target`);
  }
  // A service that does not run tells no interfaces: the target is looked at when it was made.
  const missing = portals.find(
    ({ address, port }) => !state.interfaces.some((known) => known.address === address && known.port === port),
  );
  if (state.interfaces.length > 0 && missing)
    throw wrong(`has the portal ${missing.address}:${missing.port}, and StarWind does not listen there`);
}

/** Those of iSER need that on each of their addresses. */
export function wantedExport(wanted: Export, maker: Maker, state: StarWindState): Piece[] {
  const { name, transport, portals, luns } = wanted;
  const isIser = transport === Transport.ISER;
  if (isIser && iserAddresses(state.iser) === undefined)
    throw new SalvoError(
      "refused",
      `StarWind's iSerListen is "${state.iser}", and the agent knows only lists of addresses`,
      {
        host: maker.agent,
        remedy: "Enable iSER for the interface in StarWind's console (Configuration, Network), and tell us its value",
      },
    );
  const how: TargetRecord = {
    transport: isIser ? "iser" : "iscsi",
    portals: portals.map(({ address, port }) => ({ address, port })),
  };
  const volumes = luns.map(({ volume }) => volume);
  return [...(isIser ? portals.map(({ address }) => iserPiece(address)) : []), targetPiece(name, maker, volumes, how)];
}

function targetPiece(name: string, maker: Maker, volumes: readonly string[], how: TargetRecord | undefined): Piece {
  const target = iscsiName(maker, name);
  const portals = how?.portals ?? [];
  const iser = how?.transport === "iser" ? portals.map(({ address }) => iserId(address)) : [];
  return {
    id: targetId(name),
    kind: "target",
    text: `target ${target}: ${volumes.map((volume, number) => `LUN ${number} is ${volume}`).join(", ")}`,
    needs: [...volumes.map(volumeId), ...iser],
    facts: {
      volumes: volumes.join(","),
      transport: how?.transport ?? "unknown",
      portals: portals.map(shownPortal).join(","),
    },
    settings: {},
    make: how ? [{ type: "make-target", name, target, volumes, how }] : [],
    remove: [{ type: "remove-target", name, target }],
  };
}

/** Those of this agent's name: others are none of its business. */
export function foundTargets(known: Known, state: StarWindState, maker: Maker): Found[] {
  return state.targets.flatMap(({ name: target }) => {
    const name = exportOfIscsiName(maker, target);
    if (name === undefined) return [];
    const volumes = state.devices
      .filter((device) => device.target === target)
      .toSorted((one, other) => Number(one.lun) - Number(other.lun))
      .map((device) => volumeOf(device.name, known, state) ?? `StarWind's ${device.name}`);
    const piece = targetPiece(name, maker, volumes, known.targets[name]);
    const here = new Set([
      ...Object.keys(known.volumes).map(volumeId),
      ...(iserAddresses(state.iser) ?? []).map(iserId),
    ]);
    return [{ ...piece, needs: piece.needs.filter((need) => here.has(need)) }];
  });
}

function volumeOf(device: string, { volumes }: Known, state: StarWindState): string | undefined {
  return Object.entries(volumes).find(([, record]) => deviceOf(record, state)?.name === device)?.[0];
}

type ExportedLun = MessageInitShape<typeof ExportedLunSchema>;

/** As StarWind tells it: identities are read, never computed. One that it does not tell is empty. */
export function exportedLuns(
  there: ReadonlySet<string>,
  known: Known,
  state: StarWindState,
  maker: Maker,
): ExportedLun[] {
  return Object.entries(known.volumes).flatMap(([volume, record]) => {
    const device = deviceOf(record, state);
    const name = device && exportOfIscsiName(maker, device.target);
    const how = name === undefined ? undefined : known.targets[name];
    if (!device || name === undefined || !how || !there.has(targetId(name))) return [];
    return [
      {
        export: name,
        target: device.target,
        transport: how.transport === "iser" ? Transport.ISER : Transport.ISCSI,
        portals: [...how.portals],
        number: Number(device.lun),
        volume,
        wwn: device.wwn,
        serial: device.serial,
        sizeBytes: BigInt(device.bytes),
        sectorBytes: Number(device.sector),
      },
    ];
  });
}
