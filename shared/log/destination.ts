/** Where log lines go. Logging never fails for whoever logs: what cannot be written is counted, and told when lines can be written again. */
import { writeSync } from "node:fs";
import { toSalvoError } from "../kernel/error.ts";
import { errnoOf } from "../kernel/errno.ts";

export interface Destination {
  write(line: string): void;
}

const STDERR = 2;
/** A pipe that another program has set to O_NONBLOCK says EAGAIN while it is full. */
const FULL_WAIT_MS = 20;

/** Each line is written before the call returns; a standard error that nobody reads, but that is open, so blocks. */
export const standardError: Destination = {
  write(line) {
    let rest = Buffer.from(line);
    while (rest.length > 0) rest = rest.subarray(writtenOf(rest));
  },
};

function writtenOf(bytes: Uint8Array): number {
  try {
    return writeSync(STDERR, bytes);
  } catch (error) {
    if (errnoOf(error) !== "EAGAIN") throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_WAIT_MS);
    return 0;
  }
}

/** A log that is full or gone must end nothing, and least of all a measurement. */
export function neverFailing(destination: Destination): Destination {
  let lost = 0;
  let reason = "";
  return {
    write(line) {
      try {
        if (lost > 0) destination.write(lossLine(lost, reason));
        lost = 0;
        destination.write(line);
      } catch (error) {
        lost++;
        reason = toSalvoError(error).message;
      }
    },
  };
}

function lossLine(lines: number, reason: string): string {
  const time = new Date().toISOString();
  return `${JSON.stringify({ level: "warn", time, msg: `${lines} lines before this one could not be written: ${reason}` })}\n`;
}
