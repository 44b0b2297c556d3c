/**
 * The gate that holds every fio job of a Linux host until T0. fio runs `exec_prerun` in each job's own thread after all
 * set-up and directly before the job's clock starts (backend.c, thread_main), so a prerun that blocks is a gate.
 *
 *   exec 3<GATE      opens the gate's FIFO first, so that whoever says "parked" cannot miss the opening
 *   echo . >READY    says "parked": two bytes a job into a FIFO that the agent reads
 *   ! read _ <&3     sleeps until the agent lets go of GATE: end of file is the only way on, a stray byte is not
 *   [ -e GO ]        the agent makes this file only when it means to go; an agent that died leaves none
 *
 * When the line fails the job does no I/O, yet fio exits 0 with "error": 0: look at the I/O count, never at the exit code.
 * The agent must hold both FIFOs open for reading and writing, else the shells and it would wait for each other to open.
 * fio cuts a job file's lines at ";" and appends " > job.prerun.txt 2>&1" to the command: hence `&&` only, and a last
 * command that says nothing. `exec`, `echo`, `read` and `[` are built into sh: nothing is started when the gate opens.
 */
import { assert } from "../kernel/assert.ts";

/** Absolute, or from fio's working directory; of two FIFOs and of a file that does not exist yet. */
export interface GatePaths {
  readonly ready: string;
  readonly gate: string;
  readonly go: string;
}

/** What each job's shell writes into READY when it is parked. */
export const PARKED_MARK = ".\n";

/** The value of `exec_prerun`. The paths are the agent's own: one with any other character is a bug. */
export function gateLine({ ready, gate, go }: GatePaths): string {
  for (const path of [ready, gate, go]) {
    assert(/^[A-Za-z0-9/._-]+$/.test(path), `${JSON.stringify(path)} is no path for a gate`);
  }
  return `exec 3<${gate} && echo . >${ready} && ! read _ <&3 && [ -e ${go} ]`;
}
