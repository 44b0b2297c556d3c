/** What a virtual lab needs of this host; all that is missing is told at once, before anything is made. */
import { existsSync } from "node:fs";
import { access, constants } from "node:fs/promises";
import { freemem } from "node:os";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { findProgram } from "@salvo/shared/process/find.ts";
import { SEARCH_PATH } from "./command.ts";
import { KERNEL, QEMU } from "./kernel.ts";

export const TUN = "/dev/net/tun";
const PROGRAMS = [QEMU, "ip", "nsenter", "mkfs.ext4", "modprobe", "rdma", "fio"];
const SET_UP = "type: scripts/setup vlab";

export interface Host {
  readonly machine: string;
  readonly isRoot: boolean;
  readonly has: (program: string) => Promise<boolean>;
  readonly canUse: (file: string) => Promise<boolean>;
  readonly canRead: (file: string) => Promise<boolean>;
  readonly freeMib: () => number;
}

export const thisHost: Host = {
  machine: `${process.platform} ${process.arch}`,
  isRoot: process.getuid?.() === 0,
  has: (program) =>
    findProgram(program, SEARCH_PATH).then(
      () => true,
      () => false,
    ),
  canUse: (file) =>
    access(file, constants.R_OK | constants.W_OK).then(
      () => true,
      () => false,
    ),
  canRead: (file) =>
    access(file, constants.R_OK).then(
      () => true,
      () => false,
    ),
  freeMib: () => Math.floor(freemem() / 2 ** 20),
};

export interface Needs {
  readonly kernel?: Readonly<Record<string, string>>;
  /** QEMU's own initiator, in the folder of its modules. */
  readonly hypervisor?: boolean;
}

/** Debian's qemu-block-extra. */
const QEMU_ISCSI = "/usr/lib/x86_64-linux-gnu/qemu/block-iscsi.so";

/** Everything that is missing, each with what to do about it. */
export async function missingFor(
  host: Host,
  memoryMib: number,
  { kernel = KERNEL, hypervisor = false }: Needs = {},
): Promise<string[]> {
  if (host.machine !== "linux x64") return [`virtual labs run on Linux x86_64 only, and this is ${host.machine}`];
  const missing: string[] = [];
  if (!host.isRoot)
    missing.push(
      "root is needed, for network namespaces and to share the host's root with the guests; type it with sudo",
    );
  else if (!(await host.canUse(TUN)))
    missing.push(
      `${TUN} is missing, through which guests have a network; type: modprobe tun (a container needs --device ${TUN})`,
    );
  for (const program of PROGRAMS)
    if (!(await host.has(program))) missing.push(`the program ${program} is missing; ${SET_UP}`);
  for (const file of Object.values(kernel))
    if (!existsSync(file)) {
      missing.push(`the guests' kernel is missing (${file}); ${SET_UP}`);
      break;
    }
  if (hypervisor && !(await host.canRead(QEMU_ISCSI)))
    missing.push(`QEMU's own initiator is missing (${QEMU_ISCSI}); ${SET_UP}`);
  const free = host.freeMib();
  if (free < memoryMib)
    missing.push(`the guests need ${memoryMib} MiB of memory, and ${free} MiB are free; give them less with --memory`);
  return missing;
}

/** Throws `unavailable` with all that is missing. */
export async function requireHost(memoryMib: number, hypervisor: boolean, host: Host = thisHost): Promise<void> {
  const missing = await missingFor(host, memoryMib, { hypervisor });
  if (missing.length === 0) return;
  throw new SalvoError("unavailable", `a virtual lab cannot be made here:\n${missing.join("\n")}`, {
    remedy: "Nothing was made",
  });
}
