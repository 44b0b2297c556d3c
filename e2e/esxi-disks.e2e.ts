/** Datastores, virtual disks and what is given to virtual machines. */
import { VirtualDiskKind } from "@salvo/proto/hypervisor_pb.ts";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  attachment,
  DEADLINE,
  type EsxiLab,
  ISER,
  labTarget,
  LUNS,
  type Spec,
  startEsxiLab,
  TIMEOUT_MS,
} from "./esxi-agent.ts";

const MIB = 1024n * 1024n;
const FOREIGN = "naa.60014050000000000000000000000bad";
const FOLDER = "/vmfs/volumes/ds1/salvo.bench.esx1";

let esxi: EsxiLab;
beforeAll(async () => {
  const others = labTarget({ iqn: "iqn.2001-04.com.example:others", luns: [FOREIGN] });
  esxi = await startEsxiLab({ lunsOf: ["san1"], targets: [labTarget(), others], vms: [{ name: "vm1" }] });
  await esxi.apply(ISER);
  await esxi.attach(attachment());
}, TIMEOUT_MS);
afterAll(() => esxi[Symbol.asyncDispose]());

/** A file of a datastore, whose links mean something in the host alone. */
const inHost = (file: string) =>
  esxi.host.path(
    file.replace(/^\/vmfs\/volumes\/([^/]+)/, (_, label: string) => `/.stand-in/volumes/${uuidOf(label)}`),
  );
const vmx = () => readFileSync(inHost("/vmfs/volumes/datastore1/vm1/vm1.vmx"), "utf8");
const contents = () => esxi.host.state().storage.contents;
const uuidOf = (label: string) => contents().find(({ volume }) => volume?.label === label)?.volume?.uuid ?? "";

afterEach(async () => {
  esxi.host.change((state) => (state.faults = []));
  await esxi.apply(ISER);
}, TIMEOUT_MS);

const place = { datastore: "ds1", vm: "vm1", controller: 0 } as const;
const vmdk = { ...place, name: "data", kind: VirtualDiskKind.VMDK, sizeBytes: 2n * MIB, unit: 1 };
const rdm = { ...place, name: "raw", kind: VirtualDiskKind.RDM_PHYSICAL, device: LUNS[1], unit: 2 };
const STORAGE: Spec = {
  ...ISER,
  datastores: [{ name: "ds1", device: LUNS[0] }],
  disks: [vmdk, rdm],
  owned: { vms: ["vm1"] },
};

test(
  "a datastore, a VMDK and a whole LUN are made and given to a virtual machine, and all of it is taken away",
  async () => {
    const before = vmx();
    await esxi.apply(STORAGE);
    expect(contents().find(({ id }) => id === LUNS[0])).toMatchObject({ volume: { label: "ds1", mounted: true } });
    expect(statSync(inHost(`${FOLDER}/data-flat.vmdk`)).size).toBe(Number(2n * MIB));
    expect(vmx()).toContain(`scsi0:1.fileName = "${FOLDER}/data.vmdk"\n`);
    expect(vmx()).toContain(`scsi0:2.fileName = "${FOLDER}/raw.vmdk"\n`);
    expect(await esxi.plan(STORAGE)).toEqual([]);
    await expect(esxi.initiator.plan({ spec: {} }, DEADLINE)).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining("it has datastore ds1, which this agent did not make"),
    });

    await esxi.apply({ ...STORAGE, disks: [{ ...vmdk, vm: "" }] });
    expect(vmx()).toBe(before);
    const file = inHost(`${FOLDER}/data.vmdk`);
    expect(existsSync(file)).toBe(true);
    await esxi.apply(ISER);
    expect(existsSync(file)).toBe(false);
    expect(contents().find(({ id }) => id === LUNS[0])).toMatchObject({ partitions: [] });
  },
  TIMEOUT_MS,
);

test(
  "commands to a LUN that several machines share are limited as wanted, and read back",
  async () => {
    const [, device] = LUNS;
    const spec: Spec = { ...ISER, tunings: [{ device, outstanding: 64, queueFullSampleSize: 32 }] };
    expect(await esxi.apply(spec)).toEqual([`set tuning ${device}`]);
    const config = esxi.host.state().storage.configs.find(({ id }) => id === device);
    expect(config).toMatchObject({ competing: 64, queueFullSampleSize: 32 });
    expect(await esxi.plan(spec)).toEqual([]);
    esxi.host.fault({ command: "esxcli storage core device set", exitCode: 0 });
    await expect(esxi.apply({ ...ISER, tunings: [{ device, outstanding: 16 }] })).rejects.toMatchObject({
      message: expect.stringContaining(`shows ${device} with outstanding 64 instead of 16`),
    });
    await expect(esxi.plan({ ...ISER, tunings: [{ device: FOREIGN, outstanding: 16 }] })).rejects.toMatchObject({
      kind: "refused",
    });
  },
  TIMEOUT_MS,
);

test(
  "a LUN with something on it is never formatted",
  async () => {
    const spec: Spec = { ...ISER, datastores: [{ name: "ds1", device: LUNS[1] }] };
    const node = esxi.host.path(`/vmfs/devices/disks/${LUNS[1]}`);
    writeFileSync(node, "somebody's", { flag: "r+" });
    await expect(esxi.apply(spec)).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining("there is something in its first MiB"),
    });
    writeFileSync(node, Buffer.alloc(16), { flag: "r+" });
    const table = {
      id: LUNS[1],
      label: "msdos",
      partitions: [{ number: 1, start: 63, end: 1000, type: "131" }],
    } as const;
    esxi.host.change(({ storage }) => {
      storage.contents = [
        ...storage.contents.filter(({ id }) => id !== LUNS[1]),
        { ...table, partitions: [...table.partitions], volume: undefined },
      ];
    });
    await expect(esxi.apply(spec)).rejects.toMatchObject({
      message: expect.stringContaining("a table of 1 partitions"),
    });
    expect(contents().find(({ id }) => id === LUNS[1])).toMatchObject(table);
    esxi.host.change(({ storage }) => (storage.contents = storage.contents.filter(({ id }) => id !== LUNS[1])));
  },
  TIMEOUT_MS,
);

test(
  "a device of another target, and one that is none of iSCSI, are refused",
  async () => {
    const spec = (device: string): Spec => ({ ...ISER, datastores: [{ name: "ds1", device }] });
    await expect(esxi.plan(spec("naa.600140500000000000000000000000ff"))).rejects.toMatchObject({
      message: expect.stringContaining("is no device of this host"),
    });
    esxi.host.change(({ iscsi, storage }) => {
      const [own] = iscsi.sessions;
      if (own) iscsi.sessions.push({ ...own, target: "iqn.2001-04.com.example:others", isid: "00023d0000ff" });
      storage.seen.push(FOREIGN);
    });
    await expect(esxi.plan(spec(FOREIGN))).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining("is a LUN of iqn.2001-04.com.example:others [foreign-target]"),
    });
    esxi.host.change(({ iscsi }) => (iscsi.sessions = iscsi.sessions.slice(0, 1)));
  },
  TIMEOUT_MS,
);

test.each([
  ["a VM of others", { owned: {} }, "disk data is for vm1, which is somebody else's"],
  ["a datastore of others", { datastores: [] }, "is to be on datastore ds1, which is somebody else's"],
  ["no such controller", { disks: [{ ...vmdk, controller: 1 }] }, "has no PVSCSI controller 1"],
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
  "a fault of the host is told, and the next apply goes on from there",
  async () => {
    const says = "Current license or ESXi version prohibits execution of the requested operation.";
    esxi.host.fault({ command: "vim-cmd vmsvc/device.diskaddexisting", times: 1, text: says, exitCode: 0 });
    await expect(esxi.apply(STORAGE)).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining("Current license or ESXi version prohibits"),
    });
    await esxi.apply(STORAGE);
    esxi.host.fault({ command: "vim-cmd vmsvc/device.diskremove", times: 1, exitCode: 0 });
    await expect(esxi.apply({ ...STORAGE, disks: [rdm] })).rejects.toMatchObject({
      message: expect.stringContaining("still has given"),
    });
  },
  TIMEOUT_MS,
);
