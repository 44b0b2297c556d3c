/** Which processors a process of this host may run on, as a mask within its processor group. */
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { closeHandle, type Handle, kernel32, lastError, once } from "./library.ts";

const PROCESS_SET_INFORMATION = 0x0200;
const PROCESS_QUERY_INFORMATION = 0x0400;

const openProcess = once(() =>
  kernel32.func<(access: number, inherit: number, pid: number) => Handle>(
    "intptr_t OpenProcess(uint32_t access, int inherit, uint32_t pid)",
  ),
);
const getMask = once(() =>
  kernel32.func<(process: Handle, own: Buffer, system: Buffer) => number>(
    "int GetProcessAffinityMask(intptr_t process, void *own, void *system)",
  ),
);
const setMask = once(() =>
  kernel32.func<(process: Handle, mask: bigint) => number>(
    "int SetProcessAffinityMask(intptr_t process, uint64_t mask)",
  ),
);

export interface Affinity {
  /** One bit for each processor that the process may run on. */
  readonly mask: bigint;
  /** One bit for each that its group has. */
  readonly system: bigint;
}

/** Throws `program-failed` when there is no such process, or it is not to be looked at. */
export function readAffinity(pid: number): Affinity {
  return withProcess(pid, PROCESS_QUERY_INFORMATION, (process) => maskOf(process, pid));
}

/** Sets the mask, reads it back, and throws `program-failed` when Windows has another one then. */
export function setAffinity(pid: number, mask: bigint): Affinity {
  return withProcess(pid, PROCESS_QUERY_INFORMATION | PROCESS_SET_INFORMATION, (process) => {
    if (setMask()(process, mask) === 0) throw lastError(`setting the processors of process ${pid}`);
    const found = maskOf(process, pid);
    if (found.mask === mask) return found;
    const [wanted, is] = [mask, found.mask].map((each) => `0x${each.toString(16)}`);
    throw new SalvoError("program-failed", `process ${pid} has the processors ${is} and not ${wanted}`);
  });
}

function maskOf(process: Handle, pid: number): Affinity {
  const [own, system] = [Buffer.alloc(8), Buffer.alloc(8)] as const;
  if (getMask()(process, own, system) === 0) throw lastError(`reading the processors of process ${pid}`);
  return { mask: own.readBigUInt64LE(), system: system.readBigUInt64LE() };
}

function withProcess<T>(pid: number, access: number, act: (process: Handle) => T): T {
  const process = openProcess()(access, 0, pid);
  if (Number(process) === 0) throw lastError(`opening process ${pid}`);
  try {
    return act(process);
  } finally {
    closeHandle(process);
  }
}
