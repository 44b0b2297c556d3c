import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { HypervisorSpecSchema } from "@salvo/proto/hypervisor_pb.ts";
import { AgentConfigSchema, KvmHostSchema } from "@salvo/proto/agent_file_pb.ts";
import { type AttachmentSchema, GuestDisk, InitiatorSpecSchema, Transport } from "@salvo/proto/storage_pb.ts";
import { openMade } from "@salvo/shared/agent/provision/made.ts";
import { createProvisioner } from "@salvo/shared/agent/provision/provisioner.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeQemu, fakeQemu } from "./fake-qemu.fixture.ts";
import { kvmHypervisor } from "./hypervisor.ts";
import { kvmInitiator } from "./initiator.ts";

const TARGET = "iqn.2026-11.test.salvo:rack.target.rdm-a1b2";
const WWN = "naa.60014055d2a8ecc69c7b92577504b90c";

let open: AsyncDisposableStack;
let folder: string;
let one: FakeQemu;
let two: FakeQemu;

beforeEach(async () => {
  open = new AsyncDisposableStack();
  folder = await mkdtemp(join(tmpdir(), "salvo-kvm-"));
  open.defer(() => rm(folder, { recursive: true }));
  one = open.use(await fakeQemu(join(folder, "one")));
  two = open.use(await fakeQemu(join(folder, "two")));
});
afterEach(() => open.disposeAsync());

function deps(agent = "hv") {
  const config = create(AgentConfigSchema, {
    id: agent,
    dataDir: join(folder, agent),
    identityDir: join(folder, agent, "identity"),
    lunsOf: ["target"],
  });
  return { config, lab: "rack" };
}

const machines = () =>
  create(KvmHostSchema, {
    vms: [
      { name: "one", qmp: one.file },
      { name: "two", qmp: two.file },
      { name: "off", qmp: join(folder, "off") },
    ],
  });

function initiator(agent = "hv") {
  return createProvisioner({
    host: agent,
    name: "salvo.v1.InitiatorService",
    schema: InitiatorSpecSchema,
    provider: kvmInitiator(machines(), deps(agent)),
    made: openMade(join(folder, agent, "made", "initiator.json")),
    audit: { around: async (_, act) => act() },
    occupation: { begin: () => ({ [Symbol.dispose]() {} }) },
  });
}

type Change = MessageInitShape<typeof AttachmentSchema>;
const lunFor = (agent: string, vm: string, number = 0) => ({
  number,
  wwn: `${WWN.slice(0, -1)}${number}`,
  sizeBytes: 33_554_432n,
  device: "lun1",
  disk: GuestDisk.RDM,
  guests: [{ agent, vm }],
});
const specOf = (change: Change = {}) =>
  create(InitiatorSpecSchema, {
    attachments: [
      {
        target: TARGET,
        transport: Transport.ISCSI,
        portals: [{ address: "10.0.0.10", port: 3260 }],
        sessions: 1,
        luns: [lunFor("guest1", "one", 0), lunFor("guest2", "two", 1)],
        ...change,
      },
    ],
  });
const nothing = create(InitiatorSpecSchema);

async function bring(spec = specOf(), agent = "hv"): Promise<string[]> {
  const provisioner = initiator(agent);
  const { steps, hash } = await provisioner.plan(spec);
  const request = { spec, hash, who: "test", signal: new AbortController().signal };
  for await (const _ of provisioner.apply(request));
  return steps.map(({ id }) => id);
}

test("each machine gets the whole LUN by a session of its own, and the guest is told by which WWN it will know it", async () => {
  const { steps } = await initiator().plan(specOf());
  const commands = steps.flatMap((step) => step.commands).join("\n");
  expect(commands).toMatch(/^# in one, by QMP: \{"execute":"blockdev-add".*"portal":"10.0.0.10:3260"/);
  expect(commands).toContain(`"driver":"scsi-block","id":"salvo.guest2.lun1.${WWN.slice(0, -1)}1"`);
  await bring();
  const [node] = one.nodes.values();
  expect(node).toMatchObject({ driver: "iscsi", target: TARGET, lun: 0, cache: { direct: true } });
  const { shown } = await initiator().inspect();
  expect(shown.given).toEqual([
    { guest: "guest1", target: TARGET, number: 0, wwn: `${WWN.slice(0, -1)}0`, sizeBytes: 33_554_432n },
    { guest: "guest2", target: TARGET, number: 1, wwn: `${WWN.slice(0, -1)}1`, sizeBytes: 33_554_432n },
  ]);
  expect(shown.luns).toMatchObject([{ number: 0, transport: Transport.ISCSI }, { number: 1 }]);
  expect(await bring()).toEqual([]);

  expect(await bring(nothing)).toHaveLength(4);
  for (const { nodes, devices } of [one, two]) expect([nodes.size, devices.size]).toEqual([0, 0]);
  expect(one.commands.map((line) => line.split(" ")[0])).toEqual([
    "blockdev-add",
    "device_add",
    "device_del",
    "blockdev-del",
  ]);
});

test("what others gave a machine stays: disks of its owner, and those of another agent", async () => {
  one.nodes.set("drive0", { "node-name": "drive0", driver: "iscsi", target: "iqn.x", portal: "1.1.1.1:3260", lun: 0 });
  one.devices.set("disk0", { id: "disk0", drive: "drive0" });
  await bring(specOf({ luns: [lunFor("guest1", "one")] }), "other");
  expect(one.devices.size).toBe(2);
  await bring(specOf({ luns: [lunFor("guest1", "one", 1)] }));
  expect(one.devices.size).toBe(3);
  await bring(nothing);
  expect([...one.nodes.values()].map(({ target }) => target)).toEqual(["iqn.x", TARGET]);
  expect([...one.devices.keys()]).toEqual(["disk0", expect.stringContaining("salvo.guest1.lun1.")]);
});

test("a session whose disk the machine refused goes on from there, once the machine takes it", async () => {
  one.refusals.set("device_add", "Bus 'given.0' is full");
  await expect(bring(specOf({ luns: [lunFor("guest1", "one")] }))).rejects.toMatchObject({
    kind: "program-failed",
    host: "hv",
    message: expect.stringContaining("virtual machine one: QEMU answers: Bus 'given.0' is full"),
  });
  one.refusals.clear();
  expect(await bring(specOf({ luns: [lunFor("guest1", "one")] }))).toHaveLength(1);
  expect(one.devices.size).toBe(1);
});

test("a machine that has ended has nothing, and what it had is made anew when it is back", async () => {
  const spec = specOf({ luns: [lunFor("guest1", "one")] });
  await bring(spec);
  await one[Symbol.asyncDispose]();
  expect((await initiator().inspect()).shown.given).toEqual([]);
  expect(await bring(nothing)).toEqual([]);
  one = open.use(await fakeQemu(join(folder, "one")));
  expect(await bring(spec)).toHaveLength(2);
});

test("a machine without a SCSI controller is told what it needs", async () => {
  const bare = open.use(await fakeQemu(join(folder, "off"), { controller: "virtio-net-pci" }));
  await expect(bring(specOf({ luns: [lunFor("guest1", "off")] }))).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringContaining("the virtual machine off has no SCSI controller with a name"),
    remedy: "Start its QEMU with -device virtio-scsi-pci,id=scsi0",
  });
  expect(bare.devices.size).toBe(0);
});

test("where something else than QEMU listens, nobody knows what the machine has", async () => {
  open.use(await fakeQemu(join(folder, "off"), { greeting: "220 mail.example ESMTP" }));
  await expect(initiator().inspect()).rejects.toMatchObject({ message: "this is not QMP", file: join(folder, "off") });
});

const CASES: readonly (readonly [what: string, change: Change, message: string])[] = [
  ["iSER", { transport: Transport.ISER }, "QEMU's own initiator attaches iscsi, and not iser"],
  ["two sessions", { sessions: 2 }, "has 1 session to a LUN, and not 2"],
  ["no portal", { portals: [] }, "has 1 session to a LUN, and not 0"],
  ["CHAP", { chap: { user: "u", secret: "s" } }, "cannot give CHAP"],
  ["a queue depth", { queueDepth: 8 }, "cannot be set: leave queueDepth out"],
  ["a VMDK", { luns: [{ ...lunFor("g", "one"), disk: GuestDisk.VMDK }] }, "write disk: rdm"],
  ["a LUN of its own besides", { luns: [lunFor("g", "one"), { number: 1, wwn: WWN }] }, "LUN 1 is for no guest"],
  ["a machine that it does not list", { luns: [lunFor("g", "three")] }, "lists no virtual machine three, in which g"],
  ["a machine that does not run", { luns: [lunFor("g", "off")] }, "the virtual machine off does not run"],
  ["a target of somebody else", { target: "iqn.2026-11.test.salvo:rack.other.x" }, "[foreign-target]"],
];
test.each(CASES)("%s is refused before anything is done", async (_, change, message) => {
  const error = await initiator()
    .plan(specOf(change))
    .catch((thrown: unknown) => toSalvoError(thrown));
  expect(error).toMatchObject({ host: "hv", message: expect.stringContaining(message) });
  expect([...one.commands, ...two.commands]).toEqual([]);
});

test("as a hypervisor it lists its machines, and has nothing of what only an ESXi host has", async () => {
  const hypervisor = kvmHypervisor(machines(), deps());
  const look = await hypervisor.look();
  expect(look.found.map(({ id, problem }) => [id, problem])).toEqual([
    ["machine one", undefined],
    ["machine two", undefined],
    ["machine off", "it does not run"],
  ]);
  expect(look.wanted(create(HypervisorSpecSchema))).toEqual([]);
  expect(() => look.wanted(create(HypervisorSpecSchema, { datastores: [{ name: "ds" }] }))).toThrow(
    "datastores: a KVM host has none of these",
  );
});
