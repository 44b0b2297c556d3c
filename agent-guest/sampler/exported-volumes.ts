import type { VolumeCounters } from "@salvo/shared/agent/domain/counters.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { linuxHost } from "../provision/host.ts";
import { CONFIGFS } from "../target/places.ts";

/** Each is a record at every tick, and three files to open: a file of configfs tells only once what stands in it (fs/configfs/file.c). */
export const VOLUMES_MAX = 64;

const MIB = 1024 * 1024;

export interface ExportedVolume {
  /** "lio:" and LIO's name of the volume. */
  readonly name: string;
  /** Throws what the kernel says when the volume is gone. */
  read(): VolumeCounters;
}

/**
 * The volumes that LIO has now, at most VOLUMES_MAX by name, with what it counts of each (target_core_stat.c, scsi_lu): all commands
 * together, and whole MiB. nvmet counts nothing.
 */
export function findExportedVolumes(configfs = CONFIGFS): ExportedVolume[] {
  const core = join(configfs, "target/core");
  return itemsIn(core)
    .filter((name) => /_\d+$/.test(name)) // a back end: fileio_7258
    .flatMap((backend) => itemsIn(join(core, backend)).map((volume) => ({ backend, volume })))
    .map(({ backend, volume }) => ({ volume, folder: join(core, backend, volume, "statistics/scsi_lu") }))
    .filter(({ folder }) => linuxHost.read(join(folder, "num_cmds")) !== undefined)
    .slice(0, VOLUMES_MAX)
    .map(({ volume, folder }) => ({ name: `lio:${volume}`, read: () => readVolume(folder) }));
}

function itemsIn(folder: string): readonly string[] {
  return linuxHost.list(folder) ?? [];
}

function readVolume(folder: string): VolumeCounters {
  const count = (name: string) => Number(readFileSync(join(folder, name), "latin1"));
  return {
    commands: count("num_cmds"),
    readBytes: count("read_mbytes") * MIB,
    writtenBytes: count("write_mbytes") * MIB,
  };
}
