import { SalvoError, toSalvoError } from "../kernel/error.ts";
import { errnoOf } from "../kernel/errno.ts";

export interface StreamLosses {
  /** Once. `cancelled` when its reader has left, otherwise what the device says. */
  readonly onStdout: (lost: SalvoError) => void;
}

/**
 * Standard output or error that can be written to no more (its reader left, its device is full, its terminal is gone) is an event
 * of the stream, and without a listener the end of the process. Nobody is there to be told of a lost standard error.
 */
export function watchStandardStreams({ onStdout }: StreamLosses): void {
  process.stderr.on("error", () => {});
  let lost = false;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (lost) return;
    lost = true;
    onStdout(
      errnoOf(error) === "EPIPE"
        ? new SalvoError("cancelled", "nobody reads the output any more", { cause: error })
        : new SalvoError(toSalvoError(error).kind, `the output cannot be written: ${error.message}`, {
            cause: error,
            remedy: "Free some space, or send standard output elsewhere",
          }),
    );
  });
}
