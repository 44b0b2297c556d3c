/** What the guests are started from: see scripts/vlab-kernel. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "@salvo/shared/process/run.ts";
import { SEARCH_PATH } from "./command.ts";

/** The checkout; a virtual lab's guests see it where the host does. */
export const ROOT = dirname(dirname(import.meta.dirname));

const folder = join(ROOT, ".toolchain", "kernel");

export const KERNEL = {
  image: join(folder, "vmlinux"),
  initramfs: join(folder, "initramfs.gz"),
  modules: join(folder, "lib", "modules"),
} as const;

export const QEMU = "qemu-system-x86_64";
/** Where KVM works the probe takes one second; where it does not, it may spin for ever. */
const PROBE_MS = 5_000;

export type Accelerator = "kvm" | "tcg";

/**
 * Whether KVM runs this kernel: that the device is there does not say so, as within other virtual machines it may fail or hang.
 * So the kernel is started, once since this host was.
 */
export async function findAccelerator(signal: AbortSignal): Promise<Accelerator> {
  if (!existsSync("/dev/kvm")) return "tcg";
  const boot = (await readFile("/proc/sys/kernel/random/boot_id", "latin1")).trim();
  const memory = join(folder, `accelerator-${boot}`);
  if (existsSync(memory)) return (await readFile(memory, "latin1")) === "kvm" ? "kvm" : "tcg";
  const found = (await runsOnKvm(signal)) ? "kvm" : "tcg";
  await writeFile(memory, found);
  return found;
}

async function runsOnKvm(signal: AbortSignal): Promise<boolean> {
  const args = [
    ["-M", "q35", "-accel", "kvm", "-cpu", "host", "-m", "256", "-nodefaults", "-no-user-config", "-no-reboot"],
    ["-display", "none", "-serial", "stdio", "-kernel", KERNEL.image, "-initrd", KERNEL.initramfs],
    ["-append", "console=ttyS0 quiet panic=-1 no-kvmclock salvo.probe"],
  ];
  try {
    const { stdout } = await run(QEMU, args.flat(), {
      env: { ...process.env, PATH: SEARCH_PATH },
      timeoutMs: PROBE_MS,
      signal,
    });
    return stdout.includes("salvo-guest: alive");
  } catch (error) {
    if (signal.aborted) throw error;
    return false; // it hung or crashed
  }
}
