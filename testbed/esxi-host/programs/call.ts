/** What a simulated program gets from the host, and how it gives its output. */
import type { HostState } from "../state/state.ts";

export interface ProgramCall {
  readonly name: string;
  readonly args: readonly string[];
  /** Of the session. */
  readonly cwd: string;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly read: () => HostState;
  /** Under the lock; nothing is kept when it throws. */
  readonly change: <T>(change: (state: HostState) => T) => T;
}

/** A number is the exit code; nothing is 0. */
export type Program = (call: ProgramCall) => void | number | Promise<void>;
