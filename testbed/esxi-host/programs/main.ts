/** Every simulated command of the host comes here: its name, then its arguments. It runs inside the host's root. */
import { setTimeout as sleep } from "node:timers/promises";
import { CommandFailure } from "../failure.ts";
import { changeState, readState } from "../state/store.ts";
import { takeFault } from "./fault.ts";
import type { Program } from "./call.ts";
import { loadProgram } from "./programs.ts";

const STATE_FOLDER = "/.stand-in/state";

async function main(name: string, args: readonly string[]): Promise<number> {
  const fault = changeState(STATE_FOLDER, (state) => takeFault(state, name, args));
  if (fault?.delayMs !== undefined) await sleep(fault.delayMs);
  if (fault?.hangs === true) return await forever();
  const limit = limited(fault?.outputBytesMax);
  if (fault?.text !== undefined || fault?.exitCode !== undefined) {
    if (fault.text !== undefined && fault.text !== "") limit(`${fault.text}\n`);
    return fault.exitCode ?? 0;
  }
  return await perform(await loadProgram(name), name, args, limit);
}

async function perform(
  program: Program,
  name: string,
  args: readonly string[],
  write: (text: string) => void,
): Promise<number> {
  try {
    await program({
      name,
      args,
      write,
      read: () => readState(STATE_FOLDER),
      change: (change) => changeState(STATE_FOLDER, change),
    });
    return 0;
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    // A script that people use finds the errors of esxcli on its standard output.
    if (name.endsWith("cli")) write(`${error.message}\n`);
    else process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
}

function limited(bytesMax = Number.POSITIVE_INFINITY): (text: string) => void {
  let left = bytesMax;
  return (text) => {
    const bytes = Buffer.from(text).subarray(0, Math.min(left, Number.MAX_SAFE_INTEGER));
    left -= bytes.length;
    process.stdout.write(bytes);
  };
}

/** The session's end, or the host's, ends it. */
function forever(): Promise<never> {
  return new Promise(() => void setInterval(() => {}, 60_000));
}

// A reader that has seen enough, as `head`, is no failure.
process.stdout.on("error", () => process.exit(141));
const [name = "", ...args] = process.argv.slice(2);
process.exitCode = await main(name, args);
