/** A .vmx file: lines of `key = "value"`. Pure. */

export type Vmx = Map<string, string>;

export function readVmx(text: string): Vmx {
  return new Map(
    text.split("\n").flatMap((line) => {
      const found = /^\s*([^#\s=]+)\s*=\s*"(.*)"\s*$/.exec(line);
      return found === null ? [] : [[found[1] ?? "", found[2] ?? ""] as const];
    }),
  );
}

export function vmxText(vmx: Vmx): string {
  return [...vmx].map(([key, value]) => `${key} = "${value}"\n`).join("");
}

export interface AttachedDisk {
  readonly controller: number;
  readonly unit: number;
  readonly fileName: string;
}

export function attachedDisks(vmx: Vmx): AttachedDisk[] {
  return [...vmx].flatMap(([key, fileName]) => {
    const found = /^scsi(\d+):(\d+)\.fileName$/i.exec(key);
    const isThere = found !== null && vmx.get(`scsi${found[1]}:${found[2]}.present`)?.toUpperCase() === "TRUE";
    return isThere ? [{ controller: Number(found[1]), unit: Number(found[2]), fileName }] : [];
  });
}
