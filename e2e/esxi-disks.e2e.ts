/** Datastores, virtual disks and what is given to virtual machines. */
import { create } from "@bufbuild/protobuf";
import { VirtualDiskKind } from "@salvo/proto/hypervisor_pb.ts";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { InitiatorSpecSchema, Multipath, Transport } from "@salvo/proto/storage_pb.ts";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { DEADLINE, type Spec, startTestAgent, type TestAgent } from "@salvo/agent-esxi/agent.fixture.ts";

const TIMEOUT_MS = 240_000;
const TARGET = "iqn.2026-11.test.salvo:bench.san1.ram";
const DEVICES = ["naa.600140500000000000000000000000a1", "naa.600140500000000000000000000000a2"] as const;
const MIB = 1024n * 1024n;
const vmkernel = { name: "vmk1", address: "10.1.0.2", netmask: "255.255.255.0", mtu: 9000 };
const HOST = {
  switches: [{ name: "vSwitch1", mtu: 9000, uplinks: ["vmnic2"], portGroups: [{ name: "iSER", vmkernel }] }],
  iser: [{ device: "vmrdma0", vmkernel: "vmk1" }],
} satisfies Spec;

let esxi: TestAgent;
beforeAll(async () => {
  esxi = await startTestAgent({ lab: "bench", lunsOf: ["san1"] });
  esxi.host.change(({ targets }) => {
    targets[TARGET] = DEVICES.map((device, number) => ({ number, device, sizeMib: 64 }));
    targets["iqn.2001-04.com.example:others"] = [{ number: 0, device: "naa.6001405others", sizeMib: 64 }];
  });
  for (const device of DEVICES) writeFileSync(diskFile(device), Buffer.alloc(Number(MIB)));
  await esxi.apply(HOST);
  const spec = create(InitiatorSpecSchema, {
    attachments: [
      {
        target: TARGET,
        transport: Transport.ISER,
        portals: [{ address: "10.1.0.1", port: 3260 }],
        sessions: 1,
        multipath: Multipath.ROUND_ROBIN,
        luns: DEVICES.map((wwn, number) => ({ number, wwn, sizeBytes: 64n * MIB })),
      },
    ],
  });
  const { plan } = await esxi.initiator.plan({ spec }, DEADLINE);
  for await (const _ of esxi.initiator.apply({ spec, planHash: plan?.hash ?? "" }, DEADLINE));
}, TIMEOUT_MS);
afterAll(() => esxi[Symbol.asyncDispose]());

const diskFile = (device: string) => join(esxi.host.root, "vmfs/devices/disks", device);
const inHost = (path: string) => join(esxi.host.root, path);
const vmx = () => readFileSync(inHost("vmfs/volumes/datastore1/vm1/vm1.vmx"), "utf8");
const FOLDER = "/vmfs/volumes/ds1/salvo.bench.esx1";

afterEach(async () => {
  esxi.host.change((state) => Object.assign(state, { faults: {} }));
  await esxi.apply(HOST);
}, TIMEOUT_MS);

const vmdk = {
  name: "data",
  datastore: "ds1",
  kind: VirtualDiskKind.VMDK,
  sizeBytes: 2n * MIB,
  vm: "vm1",
  controller: 1,
  unit: 0,
};
const rdm = {
  name: "raw",
  datastore: "ds1",
  kind: VirtualDiskKind.RDM_PHYSICAL,
  device: DEVICES[1],
  vm: "vm1",
  controller: 1,
  unit: 1,
};
const STORAGE: Spec = {
  ...HOST,
  datastores: [{ name: "ds1", device: DEVICES[0] }],
  disks: [vmdk, rdm],
  owned: { vms: ["vm1"] },
};

test(
  "a datastore, a VMDK and a whole LUN are made and given to a virtual machine, and all of it is taken away",
  async () => {
    const before = vmx();
    await esxi.apply(STORAGE);
    expect(esxi.host.state().datastores).toMatchObject({ ds1: DEVICES[0] });
    expect(statSync(inHost(`${FOLDER}/data-flat.vmdk`)).size).toBe(Number(2n * MIB));
    expect(vmx()).toContain(`scsi1:0.fileName = "${FOLDER}/data.vmdk"\n`);
    expect(vmx()).toContain(`scsi1:1.fileName = "${FOLDER}/raw.vmdk"\n`);
    expect(esxi.host.changes()).toEqual(
      expect.arrayContaining([
        `vmkfstools -c 2048k -d eagerzeroedthick ${FOLDER}/data.vmdk`,
        `vmkfstools -z /vmfs/devices/disks/${DEVICES[1]} ${FOLDER}/raw.vmdk`,
        `vim-cmd vmsvc/device.diskaddexisting 1 ${FOLDER}/data.vmdk 1 0`,
      ]),
    );
    expect(await esxi.plan(STORAGE)).toEqual([]);
    await expect(esxi.initiator.plan({ spec: {} }, DEADLINE)).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining("it has datastore ds1, which this agent did not make"),
    });

    await esxi.apply({ ...STORAGE, disks: [{ ...vmdk, vm: "" }] });
    expect(vmx()).toBe(before);
    expect(existsSync(inHost(`${FOLDER}/data.vmdk`))).toBe(true);
    await esxi.apply(HOST);
    expect(existsSync(inHost(`${FOLDER}/data.vmdk`))).toBe(false);
    expect(esxi.host.state().datastores).toEqual({ datastore1: "mpx.vmhba0:C0:T0:L0" });
  },
  TIMEOUT_MS,
);

test(
  "commands to a LUN that several machines share are limited as wanted, and read back",
  async () => {
    const [, device] = DEVICES;
    const spec: Spec = { ...HOST, tunings: [{ device, outstanding: 64, queueFullSampleSize: 32 }] };
    expect(await esxi.apply(spec)).toEqual([`set tuning ${device}`]);
    expect(esxi.host.state().devices[device]).toMatchObject({ outstanding: 64, sample: 32 });
    expect(await esxi.plan(spec)).toEqual([]);
    esxi.host.change(({ faults }) => (faults["storage core device set"] = "ignored"));
    await expect(esxi.apply({ ...HOST, tunings: [{ device, outstanding: 16 }] })).rejects.toMatchObject({
      message: expect.stringContaining(`shows ${device} with outstanding 64 instead of 16`),
    });
    const [foreign] = ["naa.6001405others"];
    await expect(esxi.plan({ ...HOST, tunings: [{ device: foreign ?? "", outstanding: 16 }] })).rejects.toMatchObject({
      kind: "refused",
    });
  },
  TIMEOUT_MS,
);

test(
  "a LUN with something on it is never formatted",
  async () => {
    writeFileSync(diskFile(DEVICES[0]), "somebody's");
    esxi.host.change((state) => (state.tables = {}));
    const spec: Spec = { ...HOST, datastores: [{ name: "ds1", device: DEVICES[0] }] };
    await expect(esxi.apply(spec)).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining("there is something in its first MiB"),
    });
    writeFileSync(diskFile(DEVICES[0]), Buffer.alloc(Number(MIB)));
    esxi.host.change(({ tables }) => (tables[DEVICES[0]] = "msdos\n1 63 1000 131 0\n"));
    await expect(esxi.apply(spec)).rejects.toMatchObject({
      message: expect.stringContaining("a table of 1 partitions"),
    });
    expect(esxi.host.state().tables[DEVICES[0]]).toBe("msdos\n1 63 1000 131 0\n");
    esxi.host.change((state) => (state.tables = {}));
  },
  TIMEOUT_MS,
);

test(
  "a device of another target, and one that is none of iSCSI, are refused",
  async () => {
    const spec = (device: string): Spec => ({ ...HOST, datastores: [{ name: "ds1", device }] });
    await expect(esxi.plan(spec("naa.600140500000000000000000000000ff"))).rejects.toMatchObject({
      message: expect.stringContaining("is no device of this host"),
    });
    esxi.host.change(({ sessions }) =>
      sessions.push({
        adapter: "vmhba64",
        target: "iqn.2001-04.com.example:others",
        isid: "00023d0000ff",
        state: "logged_in",
      }),
    );
    await expect(esxi.plan(spec("naa.6001405others"))).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining("is a LUN of iqn.2001-04.com.example:others [foreign-target]"),
    });
    esxi.host.change((state) => (state.sessions = state.sessions.filter(({ target }) => target === TARGET)));
  },
  TIMEOUT_MS,
);

test.each([
  ["a VM of others", { owned: {} }, "disk data is for vm1, which is somebody else's"],
  ["a datastore of others", { datastores: [] }, "is to be on datastore ds1, which is somebody else's"],
  ["a controller of another kind", { disks: [{ ...vmdk, controller: 0, unit: 1 }] }, "has no PVSCSI controller 0"],
  ["no such VM", { disks: [{ ...vmdk, vm: "vm9" }], owned: { vms: ["vm9"] } }, "no virtual machine of the name vm9"],
  ["a size that is no MiB", { disks: [{ ...vmdk, sizeBytes: 4096n }] }, "needs sizeBytes of whole MiB"],
])(
  "what Salvo may not do, or the host cannot, is refused before anything is done: %s",
  async (_what, more, why) => {
    await expect(esxi.plan({ ...STORAGE, ...more })).rejects.toMatchObject({ message: expect.stringContaining(why) });
  },
  TIMEOUT_MS,
);

test(
  "a fault of the host is told, and a file that is gone after detaching is told at once",
  async () => {
    esxi.host.change(({ faults }) => {
      faults["vmsvc/device.diskaddexisting"] = {
        says: "Current license or ESXi version prohibits execution of the requested operation.",
      };
    });
    await expect(esxi.apply(STORAGE)).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining("Current license or ESXi version prohibits"),
    });
    esxi.host.change((state) => (state.faults = {}));
    await esxi.apply(STORAGE);
    esxi.host.change((state) => (state.faults["vmsvc/device.diskremove"] = "ignored"));
    await expect(esxi.apply({ ...STORAGE, disks: [rdm] })).rejects.toMatchObject({
      message: expect.stringContaining("data.vmdk is gone, which was to be kept"),
    });
  },
  TIMEOUT_MS,
);
