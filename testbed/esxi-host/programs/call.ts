/** What a simulated program gets from the host, and how it gives its output. */
import type { HostState } from "../state/state.ts";

export interface ProgramCall {
  readonly name: string;
  readonly args: readonly string[];
  readonly write: (text: string) => void;
  readonly read: () => HostState;
  /** Under the lock; nothing is kept when it throws. */
  readonly change: <T>(change: (state: HostState) => T) => T;
}

export type Program = (call: ProgramCall) => void | Promise<void>;
