/** Who has a disk open to write to it without having it for themselves: virtual machines, databases, exports of other targets. */
import { readdirSync, readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { readIfThere } from "./fact.ts";
import { blockNumber, partsOf } from "./use.ts";

const OWN_PID = String(process.pid);
/** O_ACCMODE, and O_RDONLY within it: open(2). Readers are left out: udev reads every disk that something was done to. */
const ACCESS_MODE = 0o3;
const READ_ONLY = 0o0;

/** By name and pid, or what of the kernel it is. number: of the disk, 8:16. Throws when it could not be looked at; it takes root. */
export function findWriters(number: string, proc = "/proc", sys = "/sys"): string[] {
  const numbers = new Set(partsOf(realpathSync(join(sys, "dev/block", number))).map((part) => part.number));
  const isMeant = (path: string) => path.startsWith("/") && numbers.has(blockNumber(path) ?? "");
  return [
    ...entries(proc).flatMap((pid) => (/^\d+$/.test(pid) && pid !== OWN_PID ? writersIn(pid, proc, isMeant) : [])),
    ...entries(join(sys, "block"))
      .filter((name) => isMeant(text(join(sys, "block", name, "loop/backing_file"))))
      .map((name) => `the loop device ${name}`),
    ...entries(join(sys, "kernel/config/nvmet/subsystems")).flatMap((subsystem) => {
      const namespaces = join(sys, "kernel/config/nvmet/subsystems", subsystem, "namespaces");
      const path = (id: string) => text(join(namespaces, id, "device_path"));
      return entries(namespaces).flatMap((id) => (isMeant(path(id)) ? [`the NVMe target ${subsystem}`] : []));
    }),
  ];
}

function writersIn(pid: string, proc: string, isMeant: (path: string) => boolean): string[] {
  const files = join(proc, pid, "fd");
  // A node may have any name, and lead to any device; but what is open is not looked at where that could hang.
  const writes = entries(files).some((fd) => {
    const link = unlessGone(() => readlinkSync(join(files, fd)));
    return link?.startsWith("/dev/") && isMeant(join(files, fd)) && mayWrite(join(proc, pid, "fdinfo", fd));
  });
  return writes ? [`${text(join(proc, pid, "comm"))} (pid ${pid})`] : [];
}

/** proc_pid_fdinfo(5): "flags:\t0100002", octal. */
function mayWrite(info: string): boolean {
  const [, flags] = /^flags:\s+([0-7]+)$/m.exec(text(info)) ?? [];
  return flags !== undefined && (Number.parseInt(flags, 8) & ACCESS_MODE) !== READ_ONLY;
}

function entries(folder: string): string[] {
  return unlessGone(() => readdirSync(folder)) ?? [];
}

function text(path: string): string {
  return unlessGone(() => readIfThere(path)?.toString("latin1").trim()) ?? "";
}

/** A process may end while it is looked at. What root may not look at is outside of the container that this root is in. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ESRCH" || (code === "EACCES" && process.getuid?.() === 0)) return undefined;
    throw error;
  }
}
