/** Which process is meant: a pid alone may be another's by now. */
import { readFile } from "node:fs/promises";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { sleep } from "@salvo/shared/kernel/signal.ts";
import { errnoOf } from "@salvo/shared/kernel/errno.ts";

export interface ProcessIdentity {
  readonly pid: number;
  /** Ticks from the host's boot to its start: proc_pid_stat(5), field 22. */
  readonly started: string;
  readonly boot: string;
}

const GONE_MS = 10_000;
const LOOK_MS = 20;

/** Undefined when there is none with that pid, or nothing but its exit code is left of it. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "latin1");
    // The name, in parentheses, may hold anything.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === "Z" || state === "X") return undefined;
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "latin1")).trim();
    return { pid, started: fields[18] ?? "", boot };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw toSalvoError(error);
  }
}

export async function isAlive({ pid, started, boot }: ProcessIdentity): Promise<boolean> {
  const now = await identify(pid);
  return now !== undefined && now.started === started && now.boot === boot;
}

/**
 * Ends it at once, and returns when it has ended; a process that only has the same pid is left alone. Throws `timeout` when the
 * kernel does not let go of it.
 */
export async function end(meant: ProcessIdentity): Promise<void> {
  const until = performance.now() + GONE_MS;
  while (await isAlive(meant)) {
    try {
      process.kill(meant.pid, "SIGKILL");
    } catch (error) {
      if (!isGone(error)) throw toSalvoError(error);
    }
    if (performance.now() > until)
      throw new SalvoError("timeout", `process ${meant.pid} was killed ${GONE_MS / 1000} s ago and has not ended`, {
        remedy: "It waits for a disk or network of this host; type the command again when that has come back",
      });
    await sleep(LOOK_MS);
  }
}

function isGone(error: unknown): boolean {
  return errnoOf(error) === "ENOENT" || errnoOf(error) === "ESRCH";
}
