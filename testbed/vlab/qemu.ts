import { type Accelerator, KERNEL } from "./kernel.ts";
import { DATA_MTU } from "./network.ts";
import type { GuestPlan } from "./plan.ts";

export interface Machine {
  readonly guest: GuestPlan;
  readonly accelerator: Accelerator;
  readonly memoryMib: number;
  /** What the guest alone sees, and may write to. */
  readonly share: string;
  readonly disk: string;
  readonly console: string;
  /** Where a person's shell in the guest is reached: a name in QEMU's working folder, as a socket's path may have 107 bytes only. */
  readonly shell: string;
  readonly pidFile: string;
  /** Where a hypervisor's agent reaches QEMU; without one nobody does. As shell. */
  readonly qmp: string | undefined;
  readonly nowMs: number;
}

const CPU = {
  kvm: ["-accel", "kvm", "-cpu", "host"],
  tcg: ["-accel", "tcg,thread=multi", "-cpu", "max"],
} as const;

/** The clock is set once, apart from the host's, and then runs by itself: no kvm-clock, nothing that corrects it. */
const KERNEL_LINE = "console=ttyS0 quiet panic=-1 no-kvmclock mitigations=off random.trust_cpu=on";

/** The arguments for qemu-system-x86_64. It goes to the background when the machine is made, and so outlives `salvo`. */
export function machineArgs({ guest, accelerator, memoryMib, ...places }: Machine): string[] {
  const { share, disk, console, shell, pidFile, qmp, nowMs } = places;
  const clock = new Date(nowMs + guest.clockSeconds * 1000).toISOString().slice(0, "2026-11-22T20:46:21".length);
  return [
    ["-name", guest.id, "-M", "q35", ...CPU[accelerator], "-m", String(memoryMib), "-smp", "1"],
    ["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-monitor", "none"],
    ["-daemonize", "-pidfile", pidFile],
    ["-chardev", `file,id=console,path=${escaped(console)}`, "-serial", "chardev:console"],
    ["-device", "virtio-serial-pci", "-chardev", `socket,id=shell,path=${shell},server=on,wait=off`],
    ["-device", "virtconsole,chardev=shell"],
    ["-rtc", `base=${clock},clock=vm`],
    ["-kernel", KERNEL.image, "-initrd", KERNEL.initramfs, "-append", KERNEL_LINE],
    sharedFolder("host", "/", true),
    sharedFolder("own", share, false),
    // What is synced in a guest outlives the guest, not the host: several guests' syncs on one disk cost T0 its notice.
    ["-drive", `if=none,id=scratch,format=raw,cache=unsafe,discard=unmap,file=${escaped(disk)}`],
    ["-device", "virtio-blk-pci,drive=scratch,serial=scratch"],
    network("management", guest.taps.management, `52:54:00:00:00:${hex(guest)}`, ""),
    network("data", guest.taps.data, `52:54:00:00:01:${hex(guest)}`, `,host_mtu=${DATA_MTU}`),
    ["-device", "virtio-rng-pci"],
    // Disks come to a SCSI controller while the machine runs: a q35 machine has no PCI slot to give.
    qmp === undefined ? [] : ["-qmp", `unix:${escaped(qmp)},server=on,wait=off`, "-device", "virtio-scsi-pci,id=given"],
  ].flat();
}

function sharedFolder(tag: string, path: string, readOnly: boolean): string[] {
  const rest = `security_model=none,multidevs=remap${readOnly ? ",readonly=on" : ""}`;
  return [
    "-fsdev",
    `local,id=${tag},path=${escaped(path)},${rest}`,
    "-device",
    `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`,
  ];
}

function network(id: string, tap: string, mac: string, more: string): string[] {
  return [
    ["-netdev", `tap,id=${id},ifname=${tap},script=no,downscript=no`],
    ["-device", `virtio-net-pci,netdev=${id},mac=${mac}${more},romfile=`],
  ].flat();
}

/** The last number of its address, which no other guest of the lab has. */
function hex({ management }: GuestPlan): string {
  return Number(management.split(".").at(-1)).toString(16).padStart(2, "0");
}

/** In QEMU's lists a comma is written twice. */
function escaped(path: string): string {
  return path.replaceAll(",", ",,");
}
