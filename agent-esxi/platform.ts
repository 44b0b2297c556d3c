import type { AgentConfig } from "@salvo/proto/agent_file_pb.ts";
import type { Platform } from "@salvo/shared/agent/platform.ts";
import { openBoot } from "./boot.ts";
import { openEsxi } from "./esxi.ts";
import { describeHost } from "./host.ts";
import { esxiHypervisor } from "./provide/hypervisor.ts";
import { esxiInitiator } from "./provide/initiator.ts";

/** Everything goes over the one SSH connection to the host, which is made when it is needed first. */
export function esxiPlatform(config: AgentConfig): Platform {
  const esxi = openEsxi(config);
  const boot = openBoot(esxi);
  return {
    async describeHost() {
      await boot.look();
      return describeHost(esxi);
    },
    bootId: () => boot.known(),
    sampler: { open: async () => ({ disks: [], [Symbol.dispose]() {} }) },
    initiator: () => esxiInitiator(esxi, boot),
    hypervisor: (deps) => esxiHypervisor(esxi, boot, deps),
  };
}
