/** Makes /vmfs of the host's root what the state says. Runs inside the root. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { HostState } from "../state/state.ts";
import { contentOf, disks, volumes } from "./devices.ts";

const VOLUMES = "/vmfs/volumes";
const KEPT = "/.stand-in/volumes";
const DISKS = "/vmfs/devices/disks";
const SECTOR_BYTES = 512;

export function syncMounts(state: HostState): void {
  const links = new Map(
    volumes(state)
      .filter(({ volume }) => volume.mounted)
      .flatMap(({ volume }) => [[volume.uuid, join(KEPT, volume.uuid)] as const, [volume.label, volume.uuid] as const]),
  );
  for (const name of readdirSync(VOLUMES))
    if (links.get(name) !== readlinkSync(join(VOLUMES, name))) rmSync(join(VOLUMES, name));
  for (const [name, to] of links) {
    if (to.startsWith(KEPT)) mkdirSync(to, { recursive: true });
    if (!readdirSync(VOLUMES).includes(name)) symlinkSync(to, join(VOLUMES, name));
  }
  // As long as the device, and without blocks: what a LUN that nobody wrote to reads as.
  const nodes = new Map(
    disks(state).flatMap(({ id, sizeBytes }) => [
      [id, sizeBytes] as const,
      ...contentOf(state, id).partitions.map(
        ({ number, start, end }) => [`${id}:${number}`, (end - start + 1) * SECTOR_BYTES] as const,
      ),
    ]),
  );
  for (const name of readdirSync(DISKS)) if (!nodes.has(name)) rmSync(join(DISKS, name));
  for (const [name, bytes] of nodes) {
    const node = join(DISKS, name);
    if (existsSync(node)) continue;
    writeFileSync(node, "");
    truncateSync(node, bytes);
  }
}
