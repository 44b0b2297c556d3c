import { readAtOnce } from "@salvo/shared/agent/sampler/at-once.ts";
import type { Sampler } from "@salvo/shared/agent/sampler/sampler.ts";
import { readCores } from "./cpu.ts";

/** The cores alone: Node knows no counters of disks and network interfaces on Windows. */
export const windowsSampler: Sampler = {
  async open({ clock }) {
    return { cores: readAtOnce(clock, readCores), disks: [], [Symbol.dispose]() {} };
  },
};
