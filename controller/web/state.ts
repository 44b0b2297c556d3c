/** What the server tells the page, as JSON. Both are compiled against this file. */

export interface ConsoleState {
  readonly lab: string;
  readonly version: string;
  /** The study that runs; undefined while none does. */
  readonly study?: StudyState;
  /** Studies that wait, in the order in which they will run. */
  readonly queue: readonly QueuedStudy[];
  /** How the last study ended, if one has. */
  readonly last?: StudyState;
}

export interface QueuedStudy {
  readonly id: number;
  /** The name of its file. */
  readonly file: string;
}

export interface StudyState extends QueuedStudy {
  /** Every run that was planned, in order, and runs that an earlier controller had left open. */
  readonly runs: readonly RunState[];
  /** What Salvo said besides: warnings, storage, NATS. The latest are at the end. */
  readonly notes: readonly string[];
  readonly live?: LiveState;
  /** The study stops after the present run is stopped and sealed. */
  readonly stopping: boolean;
  /** Why it could not go on to its end. */
  readonly problem?: string;
}

export interface RunState {
  readonly run: string;
  /** scenario/workload */
  readonly title: string;
  readonly repeat: number;
  readonly result?: RunResult;
}

export interface RunResult {
  readonly verdict: string;
  readonly reason: string;
  readonly iops?: number;
  readonly mibPerSec?: number;
  readonly p50Us?: number;
  readonly p99Us?: number;
  /** Between the first and the last participant's first I/O, and how well that is known. */
  readonly startSpreadMs?: number;
  readonly startBoundMs?: number;
  readonly warnings: readonly string[];
}

/** The run that is at work now. */
export interface LiveState {
  readonly run: string;
  readonly title: string;
  /** In words, as the command line tells it. */
  readonly phase: string;
  readonly tick: number;
  readonly ticks: number;
  readonly participants: number;
  /** How many participants have reported the last tick. */
  readonly reported: number;
  readonly leftMs?: number;
  /** One for each tick that was seen, oldest first; at most the last POINTS_MAX. */
  readonly points: readonly LivePoint[];
}

export interface LivePoint {
  /** Seconds after T0. */
  readonly atS: number;
  readonly iops: number;
  readonly mibPerSec: number;
  readonly p99Us?: number;
}

export const POINTS_MAX = 600;

/** A file of the folder of studies. */
export interface StudyFile {
  readonly file: string;
  readonly description: string;
  readonly runs: number;
  /** Of all runs together, with an estimate of what lies between them. */
  readonly seconds: number;
  /** With file, line and remedy, when the study cannot run on this lab. */
  readonly problem?: string;
}

export interface AgentState {
  readonly id: string;
  readonly address: string;
  readonly roles: readonly string[];
  /** ready, in use by a run, or why it cannot be asked. */
  readonly state: string;
  readonly isWell: boolean;
  readonly version: string;
  readonly host: string;
  readonly os: string;
  readonly cores?: number;
  readonly fio: string;
  readonly devices: readonly string[];
}

export interface SealedRun extends RunResult {
  readonly run: string;
  readonly study: string;
  readonly title: string;
  readonly repeat: number;
}
