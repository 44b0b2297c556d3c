/**
 * What stands for a VIB or an offline bundle here: a text file, one line a VIB, with words for its name, version, vendor,
 * acceptance level, and `reboot` where it is only in force after a reboot. Real bundles are not read.
 */
import type { Vib } from "../versions.ts";

export interface BundledVib extends Vib {
  readonly needsReboot: boolean;
}

export function bundleText(vibs: readonly Omit<BundledVib, "installed">[]): string {
  return vibs
    .map(
      ({ name, version, vendor, acceptance, needsReboot }) =>
        `${name} ${version} ${vendor} ${acceptance}${needsReboot ? " reboot" : ""}\n`,
    )
    .join("");
}

/** undefined when the text is no bundle. */
export function readBundle(text: string, installed: string): BundledVib[] | undefined {
  const lines = text.split("\n").filter((line) => line !== "");
  const vibs = lines.map((line) =>
    /^(\S+) (\S+) (\S+) (VMwareCertified|VMwareAccepted|PartnerSupported|CommunitySupported)( reboot)?$/.exec(line),
  );
  if (vibs.length === 0 || vibs.includes(null)) return undefined;
  return vibs.map((match) => ({
    name: match?.[1] ?? "",
    version: match?.[2] ?? "",
    vendor: match?.[3] ?? "",
    acceptance: match?.[4] ?? "",
    needsReboot: match?.[5] !== undefined,
    installed,
  }));
}

export function vibId({ vendor, name, version }: Vib): string {
  return `${vendor}_bootbank_${name}_${version}`;
}
