import type { DiskCounters } from "@salvo/shared/agent/domain/counters.ts";
import type { Reading } from "@salvo/shared/agent/domain/readings.ts";
import { readAtOnce } from "@salvo/shared/agent/sampler/at-once.ts";
import type { OpenSampler, Sampled, SampledDisk, Sampler, SampledVolume } from "@salvo/shared/agent/sampler/sampler.ts";
import type { Clock } from "@salvo/shared/kernel/time.ts";
import { openCores } from "../cpu.ts";
import { findDisk } from "../disk.ts";
import { diskName } from "./disk-name.ts";
import { findExportedVolumes } from "./exported-volumes.ts";
import { openNics } from "./nics.ts";
import { openWholeDisks, type WholeDisks } from "./whole-disks.ts";

/** Everything is in files of /proc and /sys, and is read at once. */
export const linuxSampler: Sampler = {
  async open(sampled) {
    using undo = new DisposableStack();
    const { clock, participants } = sampled;
    const cores = undo.adopt(openCores(), (file) => file.close());
    const nics = undo.adopt(openNics(), (file) => file.close());
    const observed = participants.length === 0 ? observe(clock, undo) : { disks: ofParticipants(sampled) };
    const open = undo.move();
    return {
      cores: readAtOnce(clock, () => cores.read()),
      nics: readAtOnce(clock, () => nics.read()),
      ...observed,
      [Symbol.dispose]: () => open.dispose(),
    };
  },
};

function ofParticipants({ clock, participants }: Sampled): SampledDisk[] {
  return participants.flatMap(({ id, path }) => {
    const read = findDisk(path);
    return read ? { participant: id, name: diskName(path), read: readAtOnce(clock, read) } : [];
  });
}

/** What the whole host does, and what a target on it is asked for. */
function observe(clock: Clock, undo: DisposableStack): Pick<OpenSampler, "disks" | "volumes"> {
  const whole = undo.adopt(openWholeDisks(), (file) => file.close());
  const volumes = findExportedVolumes();
  return {
    disks: fromOneRead(whole, clock),
    volumes: volumes.map((each): SampledVolume => ({ name: each.name, read: readAtOnce(clock, () => each.read()) })),
  };
}

/** The kernel tells of all disks in one file. The first disk of a tick has it read, and the others find theirs in it. */
function fromOneRead(disks: WholeDisks, clock: Clock): SampledDisk[] {
  const readAll = readAtOnce(clock, () => disks.read());
  let all: Reading<ReadonlyMap<string, DiskCounters>> | undefined;
  return disks.names.map((name, index) => ({
    participant: "",
    name,
    read() {
      if (index === 0) all = readAll();
      const value = all?.value.get(name);
      return all && value && { atNs: all.atNs, value };
    },
  }));
}
