import type { FioLimits, Host } from "@salvo/proto/agent_pb.ts";
import type { RunningProcess } from "../process/start.ts";
import type { CoreCounters, DiskCounters } from "./domain/counters.ts";
import type { CpuLimits } from "./domain/cpu-limit.ts";
import type { WayState } from "./domain/way-changes.ts";
import type { Disks } from "./guard/disks.ts";
import type { PathTools } from "./path/tools.ts";
import type { InitiatorProvider, ProviderDeps, TargetProvider } from "./provision/provider.ts";

/** What differs between the systems that an agent runs on. agent-guest and agent-windows each bring one. */
export interface Platform {
  /** For people and for comparing runs; asked once. */
  describeHost(): Promise<Host>;
  /** What the host lets the jobs of fio have now; without it, nobody compares that with what a workload needs. */
  readonly readFioLimits?: () => FioLimits;
  /** Changes when the host starts anew. */
  bootId(): string;
  /** In the folder that is fio's working directory. */
  openGate(folder: string): Promise<Gate>;
  /** Makes fio print a cumulative json+ dump. */
  requestDump(fio: RunningProcess): void;
  /**
   * Cumulative times since boot, by core number; undefined for a core that is offline. Quick and synchronous: it is read
   * between T0 and the end.
   */
  readCores(): (CoreCounters | undefined)[];
  /**
   * The block device below a file: a reader of its counters, or undefined when there is none (tmpfs, overlay) or nothing counts
   * its I/O. A reading that is undefined is not known.
   */
  findDisk(path: string): (() => DiskCounters | undefined) | undefined;
  /** What keeps a process, or the fio that it started, from CPUs; undefined when it is gone. Without it, nobody looks. */
  readonly readCpuLimits?: (pid: number) => CpuLimits | undefined;
  /** Of a disk that is reached over a network: a reader of the states of the ways to it, as quick as the others. */
  findWays?(path: string): (() => readonly WayState[]) | undefined;
  /** A path by which another process opens the very file behind this process's handle, whatever has its name by now. */
  pathOfHandle?(fd: number): string;
  /** Without it raw disks are refused. */
  readonly disks?: Disks;
  /** Without them the roles are not served. */
  readonly target?: (deps: ProviderDeps) => TargetProvider;
  readonly initiator?: (deps: ProviderDeps) => InitiatorProvider;
  /** For both of these roles. */
  readonly path?: PathTools;
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
