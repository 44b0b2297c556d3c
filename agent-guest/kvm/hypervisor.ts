/** A host of QEMU's virtual machines as a hypervisor: which machines it lists, and whether they run. */
import type { KvmHost } from "@salvo/proto/agent_file_pb.ts";
import type { HypervisorSpec } from "@salvo/proto/hypervisor_pb.ts";
import type { HypervisorProvider, ProviderDeps } from "@salvo/shared/agent/provision/provider.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { lookIntoAll } from "./initiator.ts";
import { describeKvm, type KvmOp } from "./op.ts";
import { performKvm } from "./perform.ts";
import { machinePiece } from "./pieces.ts";

export function kvmHypervisor({ vms }: KvmHost, { config }: ProviderDeps): HypervisorProvider<KvmOp> {
  return {
    look: async () => ({
      found: (await lookIntoAll(vms)).map(machinePiece),
      show: () => ({}),
      wanted: (spec: HypervisorSpec) => {
        check(spec, config.id);
        return [];
      },
    }),
    describe: describeKvm,
    perform: performKvm,
  };
}

/** Disks come by the host's role initiator. Throws `invalid-input` for what only an ESXi host can have. */
function check({ switches, iser, softwareIscsi, datastores, disks, tunings }: HypervisorSpec, host: string): void {
  const many = { switches, iser, datastores, disks, tunings };
  const [key] = Object.entries({ ...many, softwareIscsi: softwareIscsi ? [softwareIscsi] : [] }).find(
    ([, values]) => values.length > 0,
  ) ?? [undefined];
  if (key === undefined) return;
  throw new SalvoError("invalid-input", `${key}: a KVM host has none of these`, {
    host,
    remedy: "A scenario with attach: hypervisor gives its guests their disks",
  });
}
