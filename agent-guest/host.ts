import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { Host } from "@salvo/proto/agent_pb.ts";
import { HostSchema } from "@salvo/proto/agent_pb.ts";
import { create } from "@bufbuild/protobuf";
import { cpu, mem, osInfo, system } from "systeminformation";

/** The inventory. systeminformation starts programs to find it out, so it is asked once, never during a run. */
export async function describeHost(): Promise<Host> {
  const [os, processor, memory, machine] = await Promise.all([osInfo(), cpu(), mem(), system()]);
  return create(HostSchema, {
    name: hostname(),
    os: [os.distro, os.release].filter(Boolean).join(" "),
    kernel: os.kernel,
    cpu: [processor.manufacturer, processor.brand].filter(Boolean).join(" "),
    cores: processor.cores,
    memoryBytes: BigInt(memory.total),
    virtualization: machine.virtual ? machine.virtualHost || "unknown" : "",
    nodeVersion: process.version,
  });
}

/** proc_sys_kernel(5): made at random at every boot. */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
}
