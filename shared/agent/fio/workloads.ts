import type { FioLimits } from "@salvo/proto/agent_pb.ts";
import type { FileHandle } from "node:fs/promises";
import type { FioSystem } from "../../fio/system.ts";
import type { Nanos } from "../../kernel/time.ts";
import type { RunningProcess } from "../../process/start.ts";
import type { CpuLimits } from "../domain/cpu-limit.ts";
import type { WayState } from "../domain/way-changes.ts";

/** What a platform needs to run fio for a workload. */
export interface Workloads {
  readonly system: FioSystem;
  readonly timing: FioTiming;
  /** The folder is fio's working directory; so many jobs will wait. */
  openGate(folder: string, jobs: number): Promise<Gate>;
  /** What the fio of that folder has in its environment besides what the agent has. */
  environmentOf(folder: string): Readonly<Record<string, string>>;
  /** Makes the fio of that folder print a cumulative json+ dump. */
  requestDump(fio: RunningProcess, folder: string): void;
  /** Ends fio at once, and whatever it has started. */
  endFio(fio: RunningProcess): void;
  /**
   * Makes sure that another process opens the very file behind this process's handle, whatever is done to its name meanwhile.
   * Throws `refused` when the name has another file by now.
   */
  holdFile(file: FileHandle, path: string): Promise<HeldFile>;
  /** What the host lets the jobs of fio have now, to be compared with what a workload needs; undefined where there are no such limits. */
  readFioLimits(): FioLimits | undefined;
  /** What keeps a process, or the fio that it started, from CPUs; undefined when it is gone, or where nobody can tell. */
  readCpuLimits(pid: number): CpuLimits | undefined;
  /** A quick reader of the states of the ways to a disk; undefined for what is not reached over a network. */
  findWays(path: string): (() => readonly WayState[]) | undefined;
}

export interface HeldFile {
  /** For fio. */
  readonly path: string;
  /** Lets go of what holds it, and not of the handle. */
  release(): void;
}

/** What is known of fio's clock, and of the gate, on a system. */
export interface FioTiming {
  /** The wall clock that fio stamps its dumps with may be so far behind: on some systems it goes on only with each clock tick. */
  readonly stampLagNs: Nanos;
  readonly lead: LeadLimits;
}

/** From opening the gates to fio's first I/O. */
export interface LeadLimits {
  /** Where no run has taught better. */
  readonly firstNs: Nanos;
  readonly maxNs: Nanos;
}

/** Where the jobs of one fio process wait. */
export interface Gate {
  /** For fio's exec_prerun. */
  readonly command: string;
  /** Yields once for every job that waits. */
  readonly parked: AsyncIterable<void>;
  /** Just before open: from now on the end of the waiting means to go. Everything that takes time is done here. */
  allow(): void;
  /** Lets all jobs go. As quick as it can be. */
  open(): void;
  /** Ends the waiting without letting anything go, and frees what the gate holds. Also after open. */
  close(): void;
}
