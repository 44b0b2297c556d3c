/** By what the LUNs of this target are known. Nobody else counts on how they come about: the target tells them. */
import type { Maker } from "@salvo/shared/agent/domain/provision/names.ts";
import { sha256 } from "@salvo/shared/kernel/sha256.ts";

/** 32 hexadecimal digits. */
export function volumeSerial({ lab, agent }: Maker, volume: string): string {
  return sha256(JSON.stringify(["volume", lab, agent, volume])).slice(0, 32);
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
