/** What Salvo calls what it makes in a QEMU: from these names alone a later look tells what there is, and for whom. Pure. */
import { sha256 } from "@salvo/shared/kernel/sha256.ts";

const NODE_PREFIX = "salvo-";

/** Of QEMU's block device with the session to a LUN. At most 31 characters: include/block/block_int-common.h. */
export function nodeName(target: string, number: number): string {
  return `${NODE_PREFIX}${sha256(JSON.stringify([target, number])).slice(0, 20)}`;
}

export function isOurNode(name: string): boolean {
  return name.startsWith(NODE_PREFIX);
}

/** A guest's disk: whose it is, and by what the guest will recognize it. */
export interface GivenName {
  readonly guest: string;
  readonly device: string;
  readonly wwn: string;
}

/** Of QEMU's device: letters, digits and - . _ (util/id.c). */
export function givenName({ guest, device, wwn }: GivenName): string {
  return `salvo.${guest}.${device}.${wwn}`;
}

/** undefined for a device that Salvo did not make. */
export function parseGivenName(name: string): GivenName | undefined {
  const [, guest, device, wwn] =
    /^salvo\.([a-z0-9-]+)\.([a-z0-9-]+)\.((?:naa|eui|uuid)\.[A-Za-z0-9-]+)$/.exec(name) ?? [];
  if (guest === undefined || device === undefined || wwn === undefined) return undefined;
  return { guest, device, wwn };
}
