import type { AgentConfig } from "@salvo/proto/agent_file_pb.ts";
import type { ProviderDeps } from "@salvo/shared/agent/provision/provider.ts";
import type { Platform } from "@salvo/shared/agent/platform.ts";
import { linuxDisks } from "./disks/disks.ts";
import { bootId, describeHost } from "./host.ts";
import { linuxInitiator } from "./initiator/provider.ts";
import { kvmHypervisor } from "./kvm/hypervisor.ts";
import { kvmInitiator } from "./kvm/initiator.ts";
import { linuxPathTools } from "./path/tools.ts";
import { linuxSampler } from "./sampler/sampler.ts";
import { linuxTarget } from "./target/provider.ts";
import { linuxWorkloads } from "./workloads.ts";

export type LinuxPlatform = Required<Omit<Platform, "hostClock" | "hypervisor" | "time">> &
  Pick<Platform, "hypervisor">;

/** kvm: where the agent's file lists virtual machines of this host. */
export function linuxPlatform({ kvm }: Pick<AgentConfig, "kvm"> = { kvm: undefined }): LinuxPlatform {
  return {
    describeHost,
    bootId,
    sampler: linuxSampler,
    workloads: linuxWorkloads,
    target: linuxTarget,
    initiator: linuxInitiator,
    path: linuxPathTools,
    disks: linuxDisks(),
    ...(kvm && {
      initiator: (deps: ProviderDeps) => kvmInitiator(kvm, deps),
      hypervisor: (deps: ProviderDeps) => kvmHypervisor(kvm, deps),
    }),
  };
}
