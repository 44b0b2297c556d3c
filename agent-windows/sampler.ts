import type { CoreCounters, NicCounters } from "@salvo/shared/agent/domain/counters.ts";
import { readAtOnce } from "@salvo/shared/agent/sampler/at-once.ts";
import type { Sampled, SampledDisk, Sampler } from "@salvo/shared/agent/sampler/sampler.ts";
import type { CountedDisk } from "./disk-counters.ts";

/** The counters of this host, by Windows' own calls. */
export interface HostCounters {
  readonly readCores: () => CoreCounters[];
  /** A reader of the interfaces that are up now. */
  readonly openInterfaces: () => () => NicCounters[];
  /** Undefined when it is not known. */
  readonly diskUnder: (path: string) => CountedDisk | undefined;
  readonly allDisks: () => readonly CountedDisk[];
}

/** Processors, network interfaces and disks. A disk that does not tell its counters has no samples: it is not known. */
export function windowsSampler(host: HostCounters): Sampler {
  return {
    async open({ clock, participants }) {
      using undo = new DisposableStack();
      const disks = disksOf(host, participants).map(({ participant, disk }): SampledDisk => {
        undo.use(disk);
        return { participant, name: disk.name, read: readAtOnce(clock, () => disk.read()) };
      });
      const sources = {
        cores: readAtOnce(clock, host.readCores),
        nics: readAtOnce(clock, host.openInterfaces()),
        disks,
      };
      const open = undo.move();
      return { ...sources, [Symbol.dispose]: () => open[Symbol.dispose]() };
    },
  };
}

/** An observer has no participants, and samples all disks of its host. */
function disksOf(
  { diskUnder, allDisks }: HostCounters,
  participants: Sampled["participants"],
): { participant: string; disk: CountedDisk }[] {
  if (participants.length === 0) return allDisks().map((disk) => ({ participant: "", disk }));
  return participants.flatMap(({ id, path }) => {
    const disk = diskUnder(path);
    return disk ? [{ participant: id, disk }] : [];
  });
}
