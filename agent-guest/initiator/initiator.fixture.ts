/** An initiator on a simulated host: what is planned there is done there. */
import { appendFileSync, chmodSync } from "node:fs";
import { join } from "node:path";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { AgentConfigSchema } from "@salvo/proto/agent_file_pb.ts";
import {
  type AttachmentSchema,
  type InitiatorSpec,
  InitiatorSpecSchema,
  Multipath,
  Transport,
} from "@salvo/proto/storage_pb.ts";
import { lunOwners } from "@salvo/shared/agent/guard/lun-owners.ts";
import { factsOf } from "@salvo/shared/agent/domain/guard/disk.fixture.ts";
import { known } from "@salvo/shared/agent/domain/guard/facts.ts";
import { describe, type Op } from "./op.ts";
import type { Disks } from "@salvo/shared/agent/guard/disks.ts";
import { openFreshLuns } from "@salvo/shared/agent/guard/fresh-luns.ts";
import { openOccupation } from "@salvo/shared/agent/occupation.ts";
import { createProvisioner } from "@salvo/shared/agent/provision/provisioner.ts";
import { identifyDisks } from "../disks/identity.ts";
import { openSecrets } from "../provision/secrets.ts";
import { type Fault, memory } from "../target/target.fixture.ts";
import { startDaemon } from "./daemon.ts";
import { disksOf } from "./luns.ts";
import { performLun, tableOf } from "./perform.ts";
import { lookAtInitiator } from "./provider.ts";
import type { SimulatedInitiator } from "./simulated-initiator.fixture.ts";
import type { RemoteLun, RemoteTarget } from "./simulated-network.fixture.ts";

const config = create(AgentConfigSchema, {
  id: "guest1",
  lunsOf: ["target"],
  devices: [{ name: "file0", sizeBytes: 2n ** 20n, path: "/data/file0" }],
});
export const SECRET = "open sesame 12";

/** An agent. made: what it remembers, also of an earlier one. */
export function engine(host: SimulatedInitiator, made = memory(), faults: Fault[] = []) {
  host.put("/agent/secrets/chap", `${SECRET}\n`);
  host.put("/agent/secrets/other", "another secret\n");
  for (const name of ["chap", "other"]) chmodSync(host.at(`/agent/secrets/${name}`), 0o600);
  const secrets = openSecrets(host.at("/agent/secrets"));
  const freshLuns = openFreshLuns(host.at("/agent/data"), host.read("/proc/sys/kernel/random/boot_id") ?? "");
  const owners = lunOwners(config, "lab");
  const disks = disksOn(host);
  const lunDeps = { host: "guest1", lab: "lab", disks, freshLuns, owners };
  const logged: string[] = [];

  async function perform(op: Op): Promise<void> {
    if (op.type === "append-secret")
      return appendFileSync(host.at(op.path), `${op.key} = ${secrets.read(op.secret)}\n`);
    if (op.type === "await-lun" || op.type === "take-lun" || op.type === "forget-lun") return performLun(op, lunDeps);
    if (op.type === "start-daemon")
      return startDaemon(op, { host, run: async (program, args) => void host.run(program, args), answerMs: 200 });
    if (op.type !== "map-paths") return host.perform(op);
    const table = tableOf(disksOf(op, disks.identify()), op.policy);
    host.run("dmsetup", ["create", op.map, "--uuid", op.uuid, "--table", table]);
  }

  const provisioner = createProvisioner({
    host: "guest1",
    name: "salvo.v1.InitiatorService",
    schema: InitiatorSpecSchema,
    provider: {
      look: async (spec) => {
        const taken = await freshLuns.list();
        return lookAtInitiator(
          { host, config, targets: owners.targets, secrets, disks: disks.identify(), taken },
          spec,
        );
      },
      describe,
      async perform(op) {
        const fault = faults.shift();
        if (fault === "before") throw new Error("refused on purpose");
        await perform(op);
        if (fault === "after") throw new Error("lost on purpose");
      },
    },
    made,
    occupation: openOccupation("guest1"),
    audit: {
      around: async (deed, act) => {
        logged.push(JSON.stringify(deed));
        return act();
      },
    },
  });
  const { plan, inspect } = provisioner;
  return {
    plan,
    inspect,
    logged,
    taken: async () => (await freshLuns.list()).map(({ device: { name }, fresh: { node } }) => ({ name, node })),
    stepsFor: async (spec: InitiatorSpec) => (await plan(spec)).steps.map(({ id }) => id),
    commandsFor: async (spec: InitiatorSpec) => (await plan(spec)).steps.flatMap(({ commands }) => commands),
    apply: async (spec: InitiatorSpec) => {
      const { hash } = await plan(spec);
      const signal = new AbortController().signal;
      return Array.fromAsync(provisioner.apply({ spec, hash, who: "me", signal }));
    },
  };
}

/** Each is blank but those of which the host's file `/written` has the names, and held by the maps that it is a path of. */
function disksOn(host: SimulatedInitiator): Disks {
  return {
    identify() {
      host.network.look();
      return identifyDisks(host.at("/sys"));
    },
    open: (disk) => ({
      look() {
        const isWritten = host.read("/written")?.split("\n").includes(disk.path);
        const holders = host.list(join("/sys/block", disk.path.slice("/dev/".length), "holders")) ?? [];
        const label = known({ type: isWritten ? "foreign" : "blank" } as const);
        return factsOf({ identity: disk, holders: known(holders), multipath: known(holders), label });
      },
      node: () => disk.node,
      writeLabel() {
        throw new Error("a fresh LUN bears no label");
      },
      close() {},
    }),
    findSignatures: async () => known([]),
    findWriters: () => known([]),
  };
}

const LUN: RemoteLun = {
  number: 0,
  wwn: "naa.6001405f00000000000000000000000",
  serial: "f000000000000000000000000000000f",
  sizeBytes: 2n ** 21n,
};
export const X: RemoteTarget = {
  name: "iqn.2026-11.test.salvo:lab.target.x",
  portals: ["10.0.0.1:3260"],
  transports: ["tcp", "iser"],
  luns: [LUN],
};
export const NVME: RemoteTarget = {
  name: "nqn.2026-11.test.salvo:lab.target.n",
  portals: ["10.0.0.1:4420"],
  transports: ["tcp", "rdma"],
  serial: "e000000000000000000e",
  luns: [
    { ...LUN, number: 1, wwn: "uuid.e0000000-0000-0000-0000-000000000001", serial: "e000000000000000000e" },
    { ...LUN, number: 2, wwn: "uuid.e0000000-0000-0000-0000-000000000002", serial: "e000000000000000000e-2" },
  ],
};
export const PORTAL = { address: "10.0.0.1", port: 3260 } as const;
const NVME_PORTAL = { address: "10.0.0.1", port: 4420 } as const;

type Attached = MessageInitShape<typeof AttachmentSchema>;
export const NOTHING = create(InitiatorSpecSchema);
export const specOf = (...attachments: Attached[]) => create(InitiatorSpecSchema, { attachments });

/** All LUNs of the target, the first of them as the device lun0. */
export function attachmentTo({ name, luns }: RemoteTarget, more: Omit<Attached, "$typeName" | "$unknown"> = {}) {
  const isNvme = name.startsWith("nqn.");
  return {
    target: name,
    transport: isNvme ? Transport.NVME_TCP : Transport.ISCSI,
    portals: [isNvme ? NVME_PORTAL : PORTAL],
    sessions: 1,
    multipath: Multipath.SERVICE_TIME,
    luns: luns.map((lun, index) => ({ ...lun, device: index === 0 ? "lun0" : "" })),
    ...more,
  };
}

/** Files that no destroy leaves but the daemon's: it and modules stay. */
export function leftOn(host: SimulatedInitiator, before: ReadonlyMap<string, string>): string[] {
  const stays = new Set(["/proc/net/unix"]);
  return [...host.contents().keys()].filter(
    (path) => !before.has(path) && !stays.has(path) && !path.startsWith("/agent/secrets/"),
  );
}

export const THEIRS = "iqn.2003-01.com.example:theirs";

/** As others may have made them, with the same programs: two records, of one a session whose disk is in a map, and a controller. */
export function othersOn(host: SimulatedInitiator): void {
  const lun = { ...LUN, wwn: "naa.600508b0000000000000000000000000", serial: "theirs-1" };
  const theirs = { ...X, name: THEIRS, portals: ["10.0.0.9:3260"], luns: [lun] };
  const nvme = {
    ...NVME,
    name: "nqn.2003-01.com.example:theirs",
    serial: "theirs",
    portals: ["10.0.0.9:4420"],
    luns: [{ ...lun, number: 1 }],
  };
  host.network.targets = [...host.network.targets, theirs, nvme];
  for (const name of ["sd_mod", "nvme_tcp", "dm_multipath", "dm_round_robin"]) host.run("modprobe", [name]);
  host.run("iscsid", []);
  const node = ["-m", "node", "-T", THEIRS, "-p"];
  host.run("iscsiadm", [...node, "10.0.0.8:3260", "-o", "new"]);
  host.run("iscsiadm", [...node, "10.0.0.9:3260", "-o", "new"]);
  host.run("iscsiadm", [...node, "10.0.0.9:3260", "--login"]);
  const table = "0 4096 multipath 0 0 1 1 round-robin 0 1 1 8:0 1";
  host.run("dmsetup", ["create", "mpatha", "--uuid", "mpath-3600508b", "--table", table]);
  connectByHand(host, "10.0.0.9", nvme.name);
}

export function connectByHand(host: SimulatedInitiator, address: string, nqn: string): void {
  const hostNqn = host.read("/etc/nvme/hostnqn") ?? "";
  host.write("/dev/nvme-fabrics", `transport=tcp,traddr=${address},trsvcid=4420,nqn=${nqn},hostnqn=${hostNqn}`);
}
