/** What Salvo calls what it makes on targets: the same for whoever makes it and whoever looks for it, before it is there. */
import { Transport } from "@salvo/proto/storage_pb.ts";
import { formatAddress } from "../../../kernel/address.ts";
import { sha256 } from "../../../kernel/sha256.ts";
import { isNvme } from "./transports.ts";

/** Whose it is. No two agents of a lab have the same name for a thing, nor two labs. */
export interface Maker {
  readonly lab: string;
  readonly agent: string;
}

/** .test is reserved: no company can have this name (RFC 2606; RFC 3720, 3.2.6.3.1). */
const AUTHORITY = "2026-11.test.salvo";

export function iscsiName({ lab, agent }: Maker, name: string): string {
  return `iqn.${AUTHORITY}:${lab}.${agent}.${name}`;
}

/** As iscsiName; undefined for a target of anybody else. */
export function exportOfIscsiName({ lab, agent }: Maker, iqn: string): string | undefined {
  const prefix = `iqn.${AUTHORITY}:${lab}.${agent}.`;
  return iqn.startsWith(prefix) ? iqn.slice(prefix.length) : undefined;
}

/** As iscsiName, of NVMe over fabrics. */
export function nvmeName({ lab, agent }: Maker, name: string): string {
  return `nqn.${AUTHORITY}:${lab}.${agent}.${name}`;
}

/** As exportOfIscsiName. */
export function exportOfNvmeName({ lab, agent }: Maker, nqn: string): string | undefined {
  const prefix = `nqn.${AUTHORITY}:${lab}.${agent}.`;
  return nqn.startsWith(prefix) ? nqn.slice(prefix.length) : undefined;
}

/** Of a disk of the target's own host: NAA 5, LIO's company id, five digits of whose it is and four of what it is called. */
export function localName(maker: Maker, name: string): string {
  return `${localPrefix(maker)}${sha256(name).slice(0, 4)}`;
}

function localPrefix({ lab, agent }: Maker): string {
  return `naa.5001405${sha256(JSON.stringify(["local", lab, agent])).slice(0, 5)}`;
}

/** How the names of all targets begin that this agent makes. Agents' names have no dots, so none begins as another's. */
export function targetPrefixes(maker: Maker): string[] {
  return [iscsiName(maker, ""), nvmeName(maker, ""), localPrefix(maker)];
}

/** IPv6 without brackets. */
export interface PortalPlace {
  readonly address: string;
  readonly port: number;
}

/** As programs take it, and LIO calls it: 10.0.0.1:3260, [fd00::1]:3260. */
export function shownPortal({ address, port }: PortalPlace): string {
  return formatAddress({ host: address, port });
}

/** 32 hexadecimal digits. */
export function volumeSerial({ lab, agent }: Maker, volume: string): string {
  return sha256(JSON.stringify(["volume", lab, agent, volume])).slice(0, 32);
}

/** How initiators know a LUN. */
export interface LunNames {
  readonly target: string;
  readonly wwn: string;
  readonly serial: string;
}

/** Before it is there. exported: the export's name; number: of the LUN in it. */
export function lunNames(
  maker: Maker,
  transport: Transport,
  { exported, number, volume }: { readonly exported: string; readonly number: number; readonly volume: string },
): LunNames {
  const serial = volumeSerial(maker, volume);
  if (isNvme(transport))
    return {
      target: nvmeName(maker, exported),
      wwn: `uuid.${uuidOf(serial)}`,
      serial: nvmeSerial(subsystemSerial(maker, exported), number),
    };
  const target = transport === Transport.LOCAL ? localName(maker, exported) : iscsiName(maker, exported);
  return { target, wwn: lioWwn(serial), serial };
}

/** The serial number is the subsystem's; what is not its first disk has its number added (agent-guest/disks/identity.ts). */
export function nvmeSerial(subsystem: string, number: number): string {
  return number === 1 ? subsystem : `${subsystem}-${number}`;
}

/** As Linux shows the WWN of a LIO volume: NAA 6, LIO's company id, and the first 25 digits of the serial number. */
export function lioWwn(serial: string): string {
  return `naa.6001405${serial.slice(0, 25)}`;
}

/** NVMe has room for 20 characters. */
export function subsystemSerial({ lab, agent }: Maker, exported: string): string {
  return sha256(JSON.stringify(["subsystem", lab, agent, exported])).slice(0, 20);
}

/** 32 hexadecimal digits as a UUID is written. */
export function uuidOf(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
