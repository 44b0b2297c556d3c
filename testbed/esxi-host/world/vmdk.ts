/** The descriptor of a virtual disk, as far as the stand-in needs it. Pure. */

export type DiskKind = "thin" | "zeroed" | "eager" | "rdm" | "rdmp";

export interface VirtualDisk {
  readonly kind: DiskKind;
  readonly sizeBytes: number;
  /** The LUN of an RDM. */
  readonly device?: string;
}

const SECTOR_BYTES = 512;

export function descriptor(extent: string, { kind, sizeBytes, device }: VirtualDisk): string {
  const isRdm = device !== undefined;
  return `# Disk DescriptorFile
version=1
encoding="UTF-8"
CID=fffffffe
parentCID=ffffffff
createType="${isRdm ? (kind === "rdmp" ? "vmfsPassthroughRawDeviceMap" : "vmfsRawDeviceMap") : "vmfs"}"

# Extent description
RW ${Math.floor(sizeBytes / SECTOR_BYTES)} ${isRdm ? "VMFSRDM" : "VMFS"} "${extent}"

# The Disk Data Base
#DDB

ddb.adapterType = "lsilogic"
${kind === "thin" ? 'ddb.thinProvisioned = "1"\n' : ""}${kind === "eager" ? '# zeroed = "eager"\n' : ""}${isRdm ? `# device = "${device}"\n` : ""}ddb.virtualHWVersion = "19"
`;
}

/** undefined when the text is no descriptor. */
export function readDescriptor(text: string): (VirtualDisk & { extent: string }) | undefined {
  const found = /^RW (\d+) \S+ "([^"]+)"$/m.exec(text);
  if (!text.startsWith("# Disk DescriptorFile") || found === null) return undefined;
  const device = /^# device = "([^"]+)"$/m.exec(text)?.[1];
  const kind = text.includes("vmfsPassthroughRawDeviceMap")
    ? "rdmp"
    : device !== undefined
      ? "rdm"
      : text.includes("thinProvisioned")
        ? "thin"
        : text.includes('zeroed = "eager"')
          ? "eager"
          : "zeroed";
  return {
    kind,
    sizeBytes: Number(found[1]) * SECTOR_BYTES,
    extent: found[2] ?? "",
    ...(device !== undefined && { device }),
  };
}

/** `10G`, `512m`; bytes without a letter. */
export function sizeOf(text: string): number {
  const found = /^(\d+)([kmgt]?)b?$/i.exec(text);
  const power = found === null ? 0 : " kmgt".indexOf((found[2] || " ").toLowerCase());
  return Number(found?.[1] ?? 0) * 1024 ** power;
}
