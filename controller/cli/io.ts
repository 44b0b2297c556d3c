import type { SalvoError } from "@salvo/shared/kernel/error.ts";

/** What a command needs of the process; a test brings its own. */
export interface Io {
  readonly stdout: {
    /** Of a terminal. */
    readonly columns?: number;
    /** False when nothing more should be written before `drain`. */
    write(text: string): unknown;
    once?(event: "drain", listener: () => void): unknown;
  };
  readonly stderr: { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };
  exitCode?: number | string | null | undefined;
  /**
   * For a command that has to end in order. Until it is disposed, whatever asks the command to end (a signal, a standard output
   * that is lost) aborts the signal; the second signal ends the process at once. Without it the first one does.
   */
  stop(onStop?: (asked: Asked) => void): Stop;
}

export interface Stop extends Disposable {
  readonly signal: AbortSignal;
}

export interface Asked {
  readonly by: "signal" | "lost output";
  readonly reason: SalvoError;
}

/** Says nothing and is never stopped: for whoever only asks what commands there are. */
export function silentIo(): Io {
  const { signal } = new AbortController();
  return { stdout: { write: () => {} }, stderr: { write: () => {} }, stop: () => ({ signal, [Symbol.dispose]() {} }) };
}
