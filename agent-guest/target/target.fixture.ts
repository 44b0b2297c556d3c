/** A target on a simulated kernel: what is planned there is done there. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { AgentConfigSchema } from "@salvo/proto/agent_file_pb.ts";
import { type TargetSpec, TargetSpecSchema, Transport, VolumeKind } from "@salvo/proto/storage_pb.ts";
import { openOccupation } from "@salvo/shared/agent/occupation.ts";
import { createProvisioner } from "@salvo/shared/agent/provision/provisioner.ts";
import type { Secrets } from "../provision/secrets.ts";
import { describe } from "./op.ts";
import { lookAtTarget } from "./provider.ts";
import type { SimulatedKernel } from "./simulated-kernel.fixture.ts";

export const maker = { lab: "lab", agent: "target" };
const config = create(AgentConfigSchema, {
  id: "target",
  devices: [
    { name: "raw0", sizeBytes: 3n * 2n ** 20n, disk: { serial: "s", wwn: "naa.600000000" } },
    { name: "file0", sizeBytes: 2n ** 20n, path: "/data/file0" },
  ],
});
const secrets: Secrets = { read: (name) => `the secret ${name}`, fingerprint: (secret) => secret.slice(-1) };
export const GROUP = "/sys/kernel/config/target/iscsi/iqn.2026-11.test.salvo:lab.target.x/tpgt_1";

export type Fault = "before" | "after" | undefined;

export function engine(host: SimulatedKernel, made = memory(), faults: Fault[] = []) {
  const provisioner = createProvisioner({
    host: "target",
    name: "salvo.v1.TargetService",
    schema: TargetSpecSchema,
    provider: {
      look: async () => lookAtTarget({ host, maker, config, folder: "/data/volumes" }, secrets),
      describe,
      async perform(op) {
        const fault = faults.shift();
        if (fault === "before") throw new Error("refused on purpose");
        host.perform(op);
        if (fault === "after") throw new Error("lost on purpose");
      },
    },
    made,
    audit: { around: async (_, act) => act() },
    occupation: openOccupation("target"),
  });
  const { plan, inspect } = provisioner;
  return {
    plan,
    inspect,
    stepsFor: async (spec: TargetSpec) => (await plan(spec)).steps.map(({ id }) => id),
    apply: async (spec: TargetSpec) => {
      const { hash } = await plan(spec);
      const signal = new AbortController().signal;
      return Array.fromAsync(provisioner.apply({ spec, hash, who: "me", signal }));
    },
  };
}

export function memory() {
  let ids = new Set<string>();
  return { read: async () => new Set(ids), write: async (now: ReadonlySet<string>) => void (ids = new Set(now)) };
}

export const RAM = { name: "ram0", kind: VolumeKind.RAM, sizeBytes: 2n ** 21n, sectorBytes: 4096 } as const;
export const SMALL = { ...RAM, sectorBytes: 512 } as const;
export const THIN = {
  name: "thin",
  kind: VolumeKind.FILE,
  sizeBytes: 2n ** 20n,
  sectorBytes: 512,
  thin: true,
} as const;
export const PORTAL = { address: "10.0.0.1", port: 3260 } as const;
export const X = {
  name: "x",
  transport: Transport.ISER,
  portals: [PORTAL],
  luns: [{ number: 0, volume: "ram0" }],
};
export const NVME = { ...X, transport: Transport.NVME_RDMA, luns: [{ number: 1, volume: "ram0" }] };
export const LOCAL = { ...X, transport: Transport.LOCAL, portals: [] };
export const RAW = { name: "disk0", kind: VolumeKind.DISK, device: "raw0", sectorBytes: 512 } as const;
export const NOTHING = create(TargetSpecSchema);
export type Spec = MessageInitShape<typeof TargetSpecSchema>;
export const specOf = (init: Spec) => create(TargetSpecSchema, init);

export function othersOn(host: SimulatedKernel): void {
  const core = "/sys/kernel/config/target/core/rd_mcp_0";
  host.perform({ type: "run", program: "modprobe", args: ["configfs"] });
  host.perform({ type: "run", program: "mount", args: [] });
  host.perform({ type: "run", program: "modprobe", args: ["iscsi_target_mod"] });
  const iqn = "/sys/kernel/config/target/iscsi/iqn.2003-01.org.linux-iscsi:theirs";
  for (const path of [core, `${core}/disk`, "/sys/kernel/config/target/iscsi", iqn, `${iqn}/tpgt_1`])
    host.perform({ type: "mkdir", path });
}
