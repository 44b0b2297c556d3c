import type { SalvoError } from "@salvo/shared/kernel/error.ts";

/** What a command needs of the process; a test brings its own. */
export interface Io {
  readonly stdout: {
    /** Of a terminal. */
    readonly columns?: number;
    /** What terminals obey is made visible. False when nothing more should be written before `drain`. */
    write(text: string): unknown;
    /** As it is: only for what a guest of the operator's own virtual lab prints in its shell. */
    pass?(text: string): unknown;
    once?(event: "drain", listener: () => void): unknown;
  };
  readonly stderr: Screen;
  exitCode?: number | string | null | undefined;
  /**
   * For a command that has to end in order. Until it is disposed, whatever asks the command to end (a signal, a standard output
   * that is lost) aborts the signal; the second signal ends the process at once. Without it the first one does.
   */
  stop(onStop?: (asked: Asked) => void): Stop;
}

export interface Screen {
  readonly columns?: number;
  /** What terminals obey is made visible. */
  write(text: string): unknown;
  /** Takes away the line in which the cursor is; only a terminal can. */
  readonly clearLine?: (() => unknown) | undefined;
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
