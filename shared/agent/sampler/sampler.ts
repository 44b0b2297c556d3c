import type { Clock } from "../../kernel/time.ts";
import type { Waiting } from "../../kernel/signal.ts";
import type { Cores, DiskCounters, NicCounters, VolumeCounters } from "../domain/counters.ts";
import type { Reading } from "../domain/readings.ts";

/** How a platform reads the counters of its host. */
export interface Sampler {
  /** Opens what a run reads. Everything that takes time is done here, so that a tick finds its readings ready. */
  open(sampled: Sampled, waiting: Waiting): Promise<OpenSampler>;
}

export interface Sampled {
  /** Whose disks are read. An observer has no participants, and reads all disks of its host. */
  readonly participants: readonly SampledParticipant[];
  /** Readings are asked for so often, and are of no use when they are older than two intervals. */
  readonly intervalMs: number;
  /** For sources that are read at once. */
  readonly clock: Clock;
}

export interface SampledParticipant {
  readonly id: string;
  /** Of its device. */
  readonly path: string;
}

/** A host that has no counters of a kind has no source of them. */
export interface OpenSampler extends Disposable {
  /** By core number; undefined for a core that is offline. */
  readonly cores?: Source<Cores>;
  readonly nics?: Source<readonly NicCounters[]>;
  readonly disks: readonly SampledDisk[];
  /** What a target exports, for an observer. */
  readonly volumes?: readonly SampledVolume[];
}

export interface SampledDisk {
  /** Empty for an observer's disk. */
  readonly participant: string;
  /** As the host calls it: sda. */
  readonly name: string;
  readonly read: Source<DiskCounters>;
}

export interface SampledVolume {
  /** "lio:" and the target's name of the volume. */
  readonly name: string;
  readonly read: Source<VolumeCounters>;
}

/**
 * The latest reading that there is; undefined before the first one, and when the counters cannot be read. Quick and synchronous,
 * as it is asked at every tick: a slow or remote source reads by itself and keeps its last answer.
 */
export type Source<T> = () => Reading<T> | undefined;
