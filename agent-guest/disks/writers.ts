/** Who has a disk open to write to it without having it for themselves: virtual machines, databases, exports of other targets. */
import { readdirSync, readlinkSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { readIfThere } from "./fact.ts";
import { mayHang, type Mounts, readMounts } from "./mounts.ts";
import { deviceAt, partsOf } from "./use.ts";
import { errnoOf } from "@salvo/shared/kernel/errno.ts";

const OWN_PID = String(process.pid);
/** O_ACCMODE, and O_RDONLY within it: open(2). Readers are left out: udev reads every disk that something was done to. */
const ACCESS_MODE = 0o3;
const READ_ONLY = 0o0;

/** By name and pid, or what of the kernel it is. number: of the disk, 8:16. Throws when it could not be looked at; it takes root. */
export function findWriters(number: string, proc = "/proc", sys = "/sys"): string[] {
  const folder = realpathSync(join(sys, "dev/block", number));
  const below = entries(join(folder, "slaves")).map((name) => realpathSync(join(folder, "slaves", name)));
  const devices = new Set([folder, ...below].flatMap((each) => devicesInto(each, sys)));
  const isMeant = (path: string) => devices.has(unlessGone(() => deviceAt(path)) ?? "");
  const mounts = readMounts(proc, text);
  const isPathMeant = (path: string) => {
    const mount = mounts.of(path);
    return path.startsWith("/") && !(mount && mayHang(mount)) && isMeant(path);
  };
  return [
    ...entries(proc).flatMap((pid) =>
      /^\d+$/.test(pid) && pid !== OWN_PID ? writersIn(pid, proc, mounts, isMeant) : [],
    ),
    ...entries(join(sys, "block"))
      .filter((name) => isPathMeant(text(join(sys, "block", name, "loop/backing_file"))))
      .map((name) => `the loop device ${name}`),
    ...entries(join(sys, "kernel/config/nvmet/subsystems")).flatMap((subsystem) => {
      const namespaces = join(sys, "kernel/config/nvmet/subsystems", subsystem, "namespaces");
      const path = (id: string) => text(join(namespaces, id, "device_path"));
      return entries(namespaces).flatMap((id) => (isPathMeant(path(id)) ? [`the NVMe target ${subsystem}`] : []));
    }),
  ];
}

/** All devices by which one comes to what is on a disk: itself, its partitions, and those that take SCSI's or NVMe's own commands. */
function devicesInto(folder: string, sys: string): string[] {
  const device = unlessGone(() => realpathSync(join(folder, "device")));
  const generic = device === undefined ? [] : GENERIC.flatMap((kind) => ofKind(kind, device));
  return [
    ...partsOf(folder).map((part) => `block ${part.number}`),
    ...generic.map((each) => `character ${text(join(each, "dev"))}`),
  ];

  function ofKind(kind: (typeof GENERIC)[number], device: string): string[] {
    return entries(join(sys, "class", kind))
      .filter((name) => kind !== "nvme-generic" || name === basename(folder).replace(/^nvme/, "ng"))
      .map((name) => join(sys, "class", kind, name))
      .filter((each) => unlessGone(() => realpathSync(join(each, "device"))) === device);
  }
}

/**
 * drivers/scsi/sg.c, block/bsg.c, drivers/nvme/host/core.c: each leads to the device that the disk leads to as well. That of NVMe is
 * its controller or subsystem, so ng0n1 is told from ng0n2 by its name, which is that of nvme0n1.
 */
const GENERIC = ["scsi_generic", "bsg", "nvme-generic"] as const;

function writersIn(pid: string, proc: string, mounts: Mounts, isMeant: (path: string) => boolean): string[] {
  const files = join(proc, pid, "fd");
  const writes = entries(files).some((fd) => {
    const link = unlessGone(() => readlinkSync(join(files, fd)));
    if (!link?.startsWith("/")) return false; // a pipe, a socket
    const { mayWrite, mount: id } = openedAs(text(join(proc, pid, "fdinfo", fd)));
    if (!mayWrite) return false;
    // A node may have any name, in a jail's folder too, and lead to any device; but a look at it must not hang.
    const mount = mounts.find(pid, id);
    return (mount ? !mayHang(mount) : link.startsWith("/dev/")) && isMeant(join(files, fd));
  });
  return writes ? [`${text(join(proc, pid, "comm"))} (pid ${pid})`] : [];
}

/** proc_pid_fdinfo(5): "flags:\t0100002", octal, and "mnt_id:\t24". */
function openedAs(info: string): { readonly mayWrite: boolean; readonly mount: string } {
  const [, flags] = /^flags:\s+([0-7]+)$/m.exec(info) ?? [];
  const [, mount = ""] = /^mnt_id:\s+(\d+)$/m.exec(info) ?? [];
  return { mayWrite: flags !== undefined && (Number.parseInt(flags, 8) & ACCESS_MODE) !== READ_ONLY, mount };
}

function entries(folder: string): string[] {
  return unlessGone(() => readdirSync(folder)) ?? [];
}

function text(path: string): string {
  return unlessGone(() => readIfThere(path)?.toString("latin1").trim()) ?? "";
}

/** EINVAL is for the mounts of a process that has just ended (mounts_open_common in fs/proc_namespace.c). */
const GONE = new Set(["ENOENT", "ESRCH", "EINVAL"]);

/** A process may end while it is looked at. What root may not look at is outside of the container that this root is in. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const code = errnoOf(error);
    if (GONE.has(code) || (code === "EACCES" && process.getuid?.() === 0)) return undefined;
    throw error;
  }
}
