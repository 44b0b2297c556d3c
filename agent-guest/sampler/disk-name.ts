import { realpathSync, statSync } from "node:fs";
import { basename } from "node:path";
import { deviceNumber } from "../disk.ts";

/** How the kernel calls the block device that holds a file, or that the path itself names: sda, nvme0n1, dm-3. */
export function diskName(path: string, sys = "/sys"): string {
  const found = statSync(path);
  const device = found.isBlockDevice() ? found.rdev : found.dev;
  return basename(realpathSync(`${sys}/dev/block/${deviceNumber(device)}`));
}
