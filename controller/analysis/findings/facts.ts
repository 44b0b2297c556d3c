/** What the rules look at: figures of one run, in its window. */
import type { RunSpec, Totals } from "@salvo/proto/run_pb.ts";
import type { CoreSum } from "../core-sums.ts";
import type { QueueFigures } from "../queue-sums.ts";
import type { SharedDisk } from "../shared-disks.ts";
import type { Stall } from "../stalls.ts";

export interface FindingFacts {
  readonly spec: RunSpec;
  /** Each host once, however many agents it has. */
  readonly hosts: readonly HostFigures[];
  /** Those that are in the totals. */
  readonly participants: readonly ParticipantFigures[];
  readonly disks: readonly SharedDisk[];
  /** Of participants whose disks tell it. */
  readonly queues: readonly QueueFigures[];
  readonly totals: Totals;
  readonly stalls: readonly Stall[];
  /** Undefined when nobody started. */
  readonly start: StartFigures | undefined;
}

export interface HostFigures {
  /** The agent whose samples these are. */
  readonly agent: string;
  readonly agents: readonly string[];
  /** It runs fio. */
  readonly isGuest: boolean;
  readonly isTarget: boolean;
  readonly cores: readonly CoreSum[];
}

export interface ParticipantFigures {
  readonly id: string;
  readonly agent: string;
  readonly totals: Totals;
}

export interface StartFigures {
  readonly spreadMs: number;
  readonly boundMs: number;
  readonly clockBoundMs: number;
}
