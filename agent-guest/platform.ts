import type { Platform } from "@salvo/shared/agent/platform.ts";
import { linuxDisks } from "./disks/disks.ts";
import { bootId, describeHost } from "./host.ts";
import { linuxInitiator } from "./initiator/provider.ts";
import { linuxPathTools } from "./path/tools.ts";
import { linuxSampler } from "./sampler/sampler.ts";
import { linuxTarget } from "./target/provider.ts";
import { linuxWorkloads } from "./workloads.ts";

export type LinuxPlatform = Required<Omit<Platform, "hostClock" | "time">>;

export function linuxPlatform(): LinuxPlatform {
  return {
    describeHost,
    bootId,
    sampler: linuxSampler,
    workloads: linuxWorkloads,
    target: linuxTarget,
    initiator: linuxInitiator,
    path: linuxPathTools,
    disks: linuxDisks(),
  };
}
