import { create } from "@bufbuild/protobuf";
import { type FioLimits, FioLimitsSchema } from "@salvo/proto/agent_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { linuxHost } from "./provision/host.ts";

// linux/capability.h
const CAP_IPC_LOCK = 14;
const CAP_SYS_ADMIN = 21;

/** What this host lets the jobs of fio have: fio inherits the limits of this process. */
export function readFioLimits(proc = "/proc"): FioLimits {
  const limits = linuxHost.read(`${proc}/self/limits`) ?? "";
  const status = linuxHost.read(`${proc}/self/status`) ?? "";
  const can = (capability: number) => hasCapability(status, capability);
  const aioMax = numberIn(`${proc}/sys/fs/aio-max-nr`);
  const openFiles = softLimit(limits, "Max open files");
  const lockedBytes = can(CAP_IPC_LOCK) ? undefined : softLimit(limits, "Max locked memory");
  return create(FioLimitsSchema, {
    ...(aioMax !== undefined && { aioMax }),
    aioTaken: numberIn(`${proc}/sys/fs/aio-nr`) ?? 0n,
    ...(openFiles !== undefined && { openFiles }),
    ...(lockedBytes !== undefined && { lockedBytes }),
    noIoUring: refusesIoUring(proc, status, can(CAP_SYS_ADMIN)),
  });
}

/** proc_pid_limits(5): name, soft limit, hard limit, unit, in columns. */
function softLimit(limits: string, name: string): bigint | undefined {
  const [, soft] = new RegExp(`^${name} +(\\d+|unlimited) `, "m").exec(limits) ?? [];
  if (soft === undefined)
    throw new SalvoError("program-failed", `the kernel's limits of this process do not tell "${name}"`);
  return soft === "unlimited" ? undefined : BigInt(soft);
}

/** proc_pid_status(5): CapEff is a mask in hexadecimal. */
function hasCapability(status: string, capability: number): boolean {
  const [, mask = "0"] = /^CapEff:\s+([0-9a-f]+)$/m.exec(status) ?? [];
  return ((BigInt(`0x${mask}`) >> BigInt(capability)) & 1n) === 1n;
}

/** admin-guide/sysctl/kernel.rst: 2 keeps everybody from it, 1 all but CAP_SYS_ADMIN and the members of one group. */
function refusesIoUring(proc: string, status: string, isAdmin: boolean): boolean {
  const disabled = numberIn(`${proc}/sys/kernel/io_uring_disabled`);
  if (disabled !== 1n) return disabled === 2n;
  const group = linuxHost.read(`${proc}/sys/kernel/io_uring_group`);
  const [, gids = ""] = /^Gid:\s+(.*)$/m.exec(status) ?? [];
  const [, groups = ""] = /^Groups:\s*(.*)$/m.exec(status) ?? [];
  return !isAdmin && !`${gids} ${groups}`.split(/\s+/).includes(group ?? "-1");
}

function numberIn(file: string): bigint | undefined {
  const text = linuxHost.read(file);
  return text !== undefined && /^\d+$/.test(text) ? BigInt(text) : undefined;
}
