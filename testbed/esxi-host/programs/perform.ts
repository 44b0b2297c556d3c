/** One call of a simulated program: the fault that meets it, or what it does. */
import { setTimeout as sleep } from "node:timers/promises";
import { CommandFailure } from "../failure.ts";
import { changeState, readState } from "../state/store.ts";
import { takeFault } from "./fault.ts";
import { loadProgram } from "./programs.ts";

const STATE_FOLDER = "/.stand-in/state";

export interface Called {
  readonly name: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly write: (text: string | Buffer) => void;
  readonly writeError: (text: string) => void;
}

/** Resolves to the exit code; never, where a fault lets the program hang. */
export async function perform({ name, args, cwd, write, writeError }: Called): Promise<number> {
  const fault = changeState(STATE_FOLDER, (state) => takeFault(state, name, args));
  if (fault?.delayMs !== undefined) await sleep(fault.delayMs);
  if (fault?.hangs === true) return await new Promise<never>(() => {});
  const limit = limited(write, fault?.outputBytesMax);
  if (fault?.text !== undefined || fault?.exitCode !== undefined) {
    if (fault.text !== undefined && fault.text !== "") limit(`${fault.text}\n`);
    return fault.exitCode ?? 0;
  }
  try {
    const program = await loadProgram(name);
    const code = await program({
      name,
      args,
      cwd,
      write: limit,
      writeError,
      read: () => readState(STATE_FOLDER),
      change: (change) => changeState(STATE_FOLDER, change),
    });
    return code ?? 0;
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    // A script that people use finds the errors of esxcli on its standard output.
    if (name.endsWith("cli")) limit(`${error.message}\n`);
    else writeError(`${error.message}\n`);
    return error.exitCode;
  }
}

function limited(write: Called["write"], bytesMax = Number.POSITIVE_INFINITY): (text: string) => void {
  let left = bytesMax;
  return (text) => {
    const bytes = Buffer.from(text).subarray(0, Math.min(left, Number.MAX_SAFE_INTEGER));
    left -= bytes.length;
    write(bytes);
  };
}
