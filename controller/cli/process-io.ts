/** The process as commands see it: its streams, its exit code, and what asks it to end. */
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { EXIT, exitOfError, failureOf, worstCode } from "@salvo/shared/kernel/exit.ts";
import { type EndSignal, keepIgnoring, onEndSignal } from "@salvo/shared/process/end-signals.ts";
import { lineCleaner, passOut, printError, printOut } from "@salvo/shared/process/print.ts";
import { watchStandardStreams } from "@salvo/shared/process/standard-streams.ts";
import type { Asked, Io, Stop } from "./io.ts";

/** Call it once, first of all. */
export function processIo(): Io {
  const { stdout, stderr } = process;
  let lost: SalvoError | undefined;
  let exitCode: number | undefined;
  let open: ((asked: Asked) => void) | undefined;

  keepIgnoring();
  watchStandardStreams({
    onStdout(reason) {
      lost = reason;
      // The command is over, or can be left where it is. A reader that has seen enough is told nothing.
      if (!open) {
        if (reason.kind !== "cancelled") printError(failureOf("salvo", reason).text);
        process.exit(endCode());
      }
      process.exitCode = endCode();
      open({ by: "lost output", reason });
    },
  });

  /** Results that nobody has are no success. A command that had to stop for that was not interrupted by anybody. */
  function endCode(): number {
    const code = exitCode ?? EXIT.ok.code;
    if (!lost) return code;
    return worstCode([code === EXIT.interrupted.code ? EXIT.ok.code : code, exitOfError(lost.kind)]);
  }

  return {
    stdout: {
      get columns() {
        return stdout.columns;
      },
      // Where the reader has left each further word would be a further error.
      write: (text) => (lost ? true : printOut(text)),
      pass: (text) => (lost ? true : passOut(text)),
      once: (event, listener) => stdout.once(event, listener),
    },
    stderr: {
      get columns() {
        return stderr.columns;
      },
      write: printError,
      clearLine: lineCleaner(),
    },
    get exitCode() {
      return process.exitCode;
    },
    set exitCode(code) {
      exitCode = Number(code ?? EXIT.ok.code);
      process.exitCode = endCode();
    },
    stop(onStop): Stop {
      const stop = new AbortController();
      const end = (asked: Asked) => {
        onStop?.(asked);
        stop.abort(asked.reason);
      };
      open = (asked) => {
        if (!stop.signal.aborted) end(asked);
      };
      const listening = onEndSignal((signal) => {
        // The second time it is meant: agents abort by themselves, or end at their planned end.
        if (stop.signal.aborted) process.exit(EXIT.interrupted.code);
        end({ by: "signal", reason: new SalvoError("cancelled", REASONS[signal]) });
      });
      return {
        signal: stop.signal,
        [Symbol.dispose]() {
          listening[Symbol.dispose]();
          open = undefined;
        },
      };
    },
  };
}

const REASONS: Readonly<Record<EndSignal, string>> = {
  SIGINT: "stopped by Ctrl-C or SIGTERM",
  SIGTERM: "stopped by Ctrl-C or SIGTERM",
  SIGHUP: "stopped by a hang-up: the terminal was closed (SIGHUP)",
};
