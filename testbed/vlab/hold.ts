import { join } from "node:path";
import { type HeldFolder, holdFolder } from "@salvo/shared/process/hold-folder.ts";

/** A virtual lab is brought up and taken down by one process at a time. Throws `refused` with the other's pid. */
export function holdVlab(folder: string): Promise<HeldFolder> {
  return holdFolder(join(folder, "guests"), "salvo vlab");
}
