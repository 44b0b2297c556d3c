/** Two guests whose attacher is another agent: a toy hypervisor that gives its LUNs to them as disks, over real gRPC. */
import { create } from "@bufbuild/protobuf";
import { AgentService } from "@salvo/proto/agent_pb.ts";
import { DiskService } from "@salvo/proto/disk_pb.ts";
import { HypervisorOfSchema, type LabAgent, LabAgentSchema, LabSchema } from "@salvo/proto/lab_pb.ts";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { GuestDisk, Multipath, Transport, VolumeKind } from "@salvo/proto/storage_pb.ts";
import { Attach, Layout } from "@salvo/proto/study_pb.ts";
import { SimulatedHost, SIZE_BYTES, type Thing } from "@salvo/shared/agent/guard/host.fixture.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStorageRecords } from "../store/storage-under-way.ts";
import { openAuditedLab } from "./audited-lab.ts";
import { type Channels, expectedOf, openChannels } from "./channels.ts";
import { setUpStorage } from "./scenario-storage.ts";
import type { ScenarioDeps } from "./storage-takedown.ts";
import { type MemoryHost, memoryHost, type ToyNetwork, toyNetwork } from "./storage-hosts.fixture.ts";

const GUESTS = ["guest1", "guest2"];

let open: AsyncDisposableStack;
let network: ToyNetwork;
let hosts: MemoryHost[];
let channels: Channels;
/** Of each guest, with the disk that its hypervisor gives it. */
let machines: Map<string, { readonly host: SimulatedHost; readonly disk: Thing }>;
/** What the hypervisor does besides, when it gives a guest its disk. */
let whenGiven: (guest: string) => void;
let reports: boolean;
let deps: ScenarioDeps;

beforeEach(async () => {
  open = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "salvo-attach-"));
  open.defer(() => rm(folder, { recursive: true }));
  const certificates = await testLab(folder);
  network = toyNetwork();
  [whenGiven, reports] = [() => {}, true];
  machines = new Map(GUESTS.map((id) => [id, machine()]));
  const give = (guest: string) => {
    const { host, disk } = machines.get(guest)!;
    host.plug(disk);
    whenGiven(guest);
    network.log.push(`hv gives ${guest} its disk`);
    return reports ? { serial: disk.serial, wwn: "", sizeBytes: disk.sizeBytes } : undefined;
  };
  const takeBack = () => machines.forEach(({ host, disk }) => host.unplug(disk));
  hosts = [
    open.use(await memoryHost("target", "target", certificates, { network })),
    open.use(await memoryHost("hv", "hypervisor", certificates, { network, give, takeBack })),
  ];
  for (const id of GUESTS) {
    const { disks } = machines.get(id)!.host;
    hosts.push(open.use(await memoryHost(id, "guest", certificates, { network, disks, lunsOf: ["hv"] })));
  }
  channels = open.use(openChannels(certificates));
  deps = {
    lab: create(LabSchema, { name: "bench", agents: hosts.map(({ agent }) => inMachine(agent)) }),
    identities: await openAuditedLab(certificates, certificates.folder, "test@here"),
    channels,
    records: openStorageRecords(join(folder, "data")),
    newTag: () => "t1",
    say: () => {},
    signal: new AbortController().signal,
  };
});
afterEach(() => open.disposeAsync());

/** Guests are in virtual machines of the hypervisor. */
function inMachine(agent: LabAgent): LabAgent {
  if (!GUESTS.includes(agent.id)) return agent;
  const hypervisor = create(HypervisorOfSchema, { agent: "hv", vm: `vm-of-${agent.id}` });
  return create(LabAgentSchema, { ...agent, hypervisor });
}

/** Six disks, one of which is not there before the hypervisor gives it. */
function machine() {
  const host = new SimulatedHost(6);
  const disk = host.things.find(({ attacher }) => attacher !== undefined)!; // every third is
  host.unplug(disk);
  return { host, disk };
}

const SPEC = create(RunSpecSchema, {
  run: "r-1",
  scenario: "vm",
  storage: {
    wanted: {
      target: "target",
      attach: Attach.HYPERVISOR,
      disk: GuestDisk.RDM,
      transport: Transport.ISCSI,
      layout: Layout.LUN_PER_GUEST,
      luns: 1,
      sessions: 1,
      multipath: Multipath.SERVICE_TIME,
      volume: { kind: VolumeKind.RAM, sizeBytes: SIZE_BYTES, sectorBytes: 512 },
    },
  },
});

async function devicesOf(guest: string): Promise<string[]> {
  const { agent } = hosts.find((each) => each.agent.id === guest)!;
  const { agent: told } = await channels.clientOf(AgentService, expectedOf(agent)).describe({}, { deadlineMs: 5_000 });
  return told?.devices.map(({ name, disk }) => `${name} ${disk?.serial}`) ?? [];
}

async function itemsOf(guest: string): Promise<string[]> {
  const { agent } = hosts.find((each) => each.agent.id === guest)!;
  const { items } = await channels.clientOf(DiskService, expectedOf(agent)).inspect({}, { deadlineMs: 5_000 });
  return items.map(({ id }) => id);
}

const thereOn = () => hosts.slice(0, 2).map(({ there }) => [...there.keys()]);

test("the hypervisor alone attaches, and each guest takes the disk by what the hypervisor reports", async () => {
  const made = await setUpStorage(SPEC, deps);
  expect(thereOn()).toEqual([["vm-t1"], ["iqn.2026-11.test.toy:vm-t1.1"]]);
  expect(made.storage.attached.map(({ agent, luns }) => [agent, luns.length])).toEqual([["hv", 2]]);
  for (const guest of GUESTS) {
    expect(await devicesOf(guest)).toEqual([`lun1 ${machines.get(guest)!.disk.serial}`]);
    expect(await itemsOf(guest)).toEqual(["awaited lun1", "device lun1"]);
  }
  expect(network.log).toEqual([
    "target makes vm-t1",
    "hv gives guest1 its disk",
    "hv gives guest2 its disk",
    "hv makes iqn.2026-11.test.toy:vm-t1.1",
  ]);
  expect(await made.takeDown()).toBe(true);
  for (const guest of GUESTS) expect(await itemsOf(guest)).toEqual([]);
  expect(thereOn()).toEqual([[], []]);
  expect(network.lost).toEqual([]);
  expect((await deps.records.list()).size).toBe(0);
});

/** Nothing of the scenario is left anywhere. */
async function nothingLeft(): Promise<void> {
  for (const guest of GUESTS) expect(await itemsOf(guest)).toEqual([]);
  expect(thereOn()).toEqual([[], []]);
}

test("a disk that the guest had before is not taken, whatever the hypervisor reports", async () => {
  const { host, disk } = machines.get("guest2")!;
  host.plug(disk);
  await expect(setUpStorage(SPEC, deps)).rejects.toMatchObject({
    host: "guest2",
    message: expect.stringContaining("[was-there]"),
  });
  await nothingLeft();
});

test("where two disks of a guest say the same of themselves, none is taken", async () => {
  whenGiven = (guest) => {
    const { host, disk } = machines.get(guest)!;
    if (guest === "guest1") host.things[0]!.serial = disk.serial;
  };
  await expect(setUpStorage(SPEC, deps)).rejects.toMatchObject({
    host: "guest1",
    message: expect.stringContaining("[ambiguous]"),
  });
  await nothingLeft();
});

test("an attacher that does not report by what its guests recognize their disks is named", async () => {
  reports = false;
  await expect(setUpStorage(SPEC, deps)).rejects.toMatchObject({
    kind: "program-failed",
    host: "hv",
    message: "it does not report by what guest1 will recognize lun1: neither serial number nor WWN",
  });
  await nothingLeft();
});
