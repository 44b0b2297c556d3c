import type { FioLimits } from "@salvo/proto/agent_pb.ts";
import type { RunningProcess } from "../../process/start.ts";
import type { CpuLimits } from "../domain/cpu-limit.ts";
import type { SessionState } from "../domain/session-changes.ts";

/** What a platform needs to run fio for a workload. */
export interface Workloads {
  /** The folder is fio's working directory. */
  openGate(folder: string): Promise<Gate>;
  /** Makes fio print a cumulative json+ dump. */
  requestDump(fio: RunningProcess): void;
  /** Ends fio at once, and whatever it has started. */
  endFio(fio: RunningProcess): void;
  /** A path by which another process opens the very file behind this process's handle, whatever has the file's name by now. */
  pathOfHandle(fd: number): string;
  /** What the host lets the jobs of fio have now, to be compared with what a workload needs; undefined where there are no such limits. */
  readFioLimits(): FioLimits | undefined;
  /** What keeps a process, or the fio that it started, from CPUs; undefined when it is gone, or where nobody can tell. */
  readCpuLimits(pid: number): CpuLimits | undefined;
  /** A quick reader of the states of the sessions to a disk; undefined for what is not reached over a network. */
  findSessions(path: string): (() => readonly SessionState[]) | undefined;
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
