/** What Salvo calls targets that it makes. By how these names begin a guest tells whose LUNs they have. */
import { formatAddress } from "../../../kernel/address.ts";
import { sha256 } from "../../../kernel/sha256.ts";

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

/** As shownPortal, read. */
export function parsePortal(shown: string): PortalPlace {
  const colon = shown.lastIndexOf(":");
  return { address: shown.slice(0, colon).replaceAll(/[[\]]/g, ""), port: Number(shown.slice(colon + 1)) };
}
