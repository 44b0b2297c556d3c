import { create } from "@bufbuild/protobuf";
import { GivenDiskSchema } from "@salvo/proto/initiator_pb.ts";
import { LabSchema, Role } from "@salvo/proto/lab_pb.ts";
import { GuestDisk, Multipath, Transport, VolumeKind } from "@salvo/proto/storage_pb.ts";
import {
  Attach,
  Layout,
  type ScenarioStorage,
  ScenarioStorageSchema,
  ScenarioVolumeSchema,
  StudySchema,
} from "@salvo/proto/study_pb.ts";
import { ExportedLunSchema } from "@salvo/proto/target_pb.ts";
import { fromPlain } from "@salvo/shared/config/plain.ts";
import { expect, test } from "vitest";
import { checkStudy, planRuns, storageGroups } from "./matrix.ts";
import { attachersOf, guestsOf } from "./guests.ts";
import { exportedOf, participantsOf, planStorage } from "./scenario-storage.ts";

const { message: lab } = fromPlain(
  LabSchema,
  {
    name: "lab",
    agents: [
      {
        id: "target",
        address: "10.0.1.10:7400",
        roles: ["workload", "target", "initiator"],
        storageAddresses: ["10.0.0.10", "10.0.2.10"],
      },
      { id: "guest1", address: "10.0.1.11:7400", roles: ["workload", "initiator"], storageAddresses: ["10.0.0.11"] },
      { id: "guest2", address: "10.0.1.12:7400", roles: ["workload", "initiator"], storageAddresses: ["10.0.0.12"] },
      { id: "loader", address: "10.0.1.13:7400", roles: ["workload"] },
      { id: "bare", address: "10.0.1.14:7400", roles: ["target"] },
    ],
  },
  "lab",
);
const names = new Map(
  ["target", "guest1", "guest2"].map((id) => [
    id,
    { initiator: `iqn.2026-11.a:${id}`, hostNqn: `nqn.2026-11.a:${id}` },
  ]),
);

const VOLUME = create(ScenarioVolumeSchema, { kind: VolumeKind.RAM, sizeBytes: 2n ** 21n, sectorBytes: 512 });

function storage(more: Partial<Omit<ScenarioStorage, "$typeName" | "$unknown">> = {}): ScenarioStorage {
  return create(ScenarioStorageSchema, {
    target: "target",
    transport: Transport.ISER,
    layout: Layout.LUN_PER_GUEST,
    luns: 1,
    sessions: 1,
    multipath: Multipath.SERVICE_TIME,
    volume: VOLUME,
    ...more,
  });
}

/** What the target would tell of all that is planned. */
function planned(wanted: ScenarioStorage, scenario = "iser") {
  const plan = planStorage(scenario, wanted, lab, { tag: "a1b2", names });
  const exported = plan.target.exports.flatMap(({ name, luns, transport }) =>
    luns.map(({ number, volume }) =>
      create(ExportedLunSchema, {
        export: name,
        number,
        volume,
        sizeBytes: 2n ** 21n,
        transport,
        target: `iqn.2026-11.test.toy:${name}`,
        wwn: `naa.6001405${volume}`,
        serial: volume,
      }),
    ),
  );
  const attachments = (id: string) => plan.attachments(id, exported);
  return { ...plan, planned: plan, exported, attachments };
}

test("guests are those that are named, or all that can be, and locally the target's host alone", () => {
  const ids = (wanted: ScenarioStorage) => guestsOf(wanted, lab).map(({ id }) => id);
  expect(ids(storage())).toEqual(["guest1", "guest2"]);
  expect(ids(storage({ guests: ["guest2"] }))).toEqual(["guest2"]);
  expect(ids(storage({ transport: Transport.LOCAL }))).toEqual(["target"]);
});

test("each guest gets a LUN of its own, at one target, which only they may log in to", () => {
  const { target, attachments } = planned(storage());
  expect(target.volumes.map(({ name, kind, sizeBytes }) => [name, kind, sizeBytes])).toEqual([
    ["iser-a1b2-1", VolumeKind.RAM, 2n ** 21n],
    ["iser-a1b2-2", VolumeKind.RAM, 2n ** 21n],
  ]);
  expect(target.exports).toMatchObject([
    {
      name: "iser-a1b2",
      transport: Transport.ISER,
      portals: [
        { address: "10.0.0.10", port: 3260 },
        { address: "10.0.2.10", port: 3260 },
      ],
      luns: [
        { number: 0, volume: "iser-a1b2-1" },
        { number: 1, volume: "iser-a1b2-2" },
      ],
      initiators: ["iqn.2026-11.a:guest1", "iqn.2026-11.a:guest2"],
    },
  ]);
  expect(attachments("guest2")).toMatchObject([
    {
      target: "iqn.2026-11.test.toy:iser-a1b2",
      luns: [{ number: 1, device: "lun1", sizeBytes: 2n ** 21n, wwn: expect.stringMatching(/^naa\.6001405/) }],
    },
  ]);
});

test("a shared LUN is one for all, a target for each guest has its one LUN and its one initiator", () => {
  const shared = planned(storage({ layout: Layout.SHARED_LUN, luns: 2 }));
  expect(shared.target.volumes).toHaveLength(2);
  expect(shared.attachments("guest1")).toEqual(shared.attachments("guest2"));
  const apart = planned(storage({ layout: Layout.TARGET_PER_GUEST }));
  expect(
    apart.target.exports.map(({ name, luns, initiators }) => [name, luns.map(({ number }) => number), initiators]),
  ).toEqual([
    ["iser-a1b2-1", [0], ["iqn.2026-11.a:guest1"]],
    ["iser-a1b2-2", [0], ["iqn.2026-11.a:guest2"]],
  ]);
  expect(apart.attachments("guest2")).toMatchObject([{ luns: [{ number: 0, device: "lun1" }] }]);
});

test("NVMe counts from 1, has a port of its own, and hosts by their own names", () => {
  const { target, attachments } = planned(storage({ transport: Transport.NVME_TCP, luns: 2, queueDepth: 128 }));
  expect(target.exports).toMatchObject([
    {
      portals: [{ port: 4420 }, { port: 4420 }],
      initiators: ["nqn.2026-11.a:guest1", "nqn.2026-11.a:guest2"],
      queueDepth: 0,
    },
  ]);
  expect(target.exports[0]?.luns.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
  expect(attachments("guest2")).toMatchObject([
    {
      target: "iqn.2026-11.test.toy:iser-a1b2",
      queueDepth: 128,
      luns: [
        { number: 3, device: "lun1" },
        { number: 4, device: "lun2" },
      ],
    },
  ]);
});

test("what is local has no portals and nobody who logs in", () => {
  const { target, attachments } = planned(storage({ transport: Transport.LOCAL }), "here");
  expect(target.exports).toMatchObject([{ portals: [], initiators: [], queueDepth: 0 }]);
  expect(attachments("target")).toMatchObject([{ portals: [], target: "iqn.2026-11.test.toy:here-a1b2" }]);
});

test("a long name of a scenario leaves room for what a volume's name must tell", () => {
  const { target } = planned(storage({ luns: 64 }), "a-scenario-with-a-very-long-name");
  for (const { name } of target.volumes) expect(name.length).toBeLessThanOrEqual(24);
  expect(new Set(target.volumes.map(({ name }) => name)).size).toBe(128);
});

/** guest1 and guest2 are virtual machines of hv. */
const onHypervisor = create(LabSchema, {
  name: "lab",
  agents: [
    { id: "target", roles: [Role.TARGET], storageAddresses: ["10.0.0.10"] },
    { id: "hv", roles: [Role.INITIATOR, Role.HYPERVISOR] },
    { id: "guest1", roles: [Role.WORKLOAD], hypervisor: { agent: "hv", vm: "vm1" } },
    { id: "guest2", roles: [Role.WORKLOAD], hypervisor: { agent: "hv", vm: "vm2" } },
  ],
});
const GIVEN = { attach: Attach.HYPERVISOR, disk: GuestDisk.RDM };

test("where a hypervisor attaches, it alone logs in, and guests without the role initiator take part", () => {
  const wanted = storage({ ...GIVEN, sessions: 2, multipath: Multipath.NONE });
  expect(guestsOf(wanted, onHypervisor).map(({ id }) => id)).toEqual(["guest1", "guest2"]);
  expect(guestsOf(storage(), onHypervisor)).toEqual([]);
  expect([...attachersOf(wanted, onHypervisor)]).toEqual([["hv", ["guest1", "guest2"]]]);
  // One disk each, whatever paths the hypervisor has.
  expect(participantsOf(wanted, onHypervisor)).toEqual([
    { agent: "guest1", device: "lun1" },
    { agent: "guest2", device: "lun1" },
  ]);
  const names = new Map([["hv", { initiator: "iqn.2026-11.a:hv", hostNqn: "" }]]);
  const plan = planStorage("vm", wanted, onHypervisor, { tag: "a1b2", names });
  expect(plan.target.exports).toMatchObject([{ initiators: ["iqn.2026-11.a:hv"] }]);
  const exported = plan.target.volumes.map(({ name, sizeBytes }, number) =>
    create(ExportedLunSchema, {
      target: "iqn.t",
      number,
      volume: name,
      sizeBytes,
      wwn: `naa.${number}`,
      serial: `${number}`,
    }),
  );
  expect(plan.attachments("hv", exported)).toMatchObject([
    {
      luns: [
        { number: 0, device: "lun1", guests: [{ agent: "guest1", vm: "vm1" }], disk: GuestDisk.RDM },
        { number: 1, device: "lun1", guests: [{ agent: "guest2", vm: "vm2" }], disk: GuestDisk.RDM },
      ],
    },
  ]);
  expect(plan.attachments("guest1", exported)).toEqual([]);
});

test("by what a guest recognizes its disk is what its attacher reports, and is not known before", () => {
  const names = new Map([["hv", { initiator: "iqn.2026-11.a:hv", hostNqn: "" }]]);
  const wanted = storage({ ...GIVEN, layout: Layout.SHARED_LUN });
  const plan = planStorage("vm", wanted, onHypervisor, { tag: "a1b2", names });
  const [volume] = plan.target.volumes;
  const lun = {
    target: "iqn.t",
    number: 0,
    volume: volume?.name ?? "",
    sizeBytes: 2n ** 21n,
    wwn: "naa.1",
    serial: "1",
  };
  const exported = [create(ExportedLunSchema, lun)];
  const bare = { device: "lun1", attacher: "hv", sizeBytes: 2n ** 21n, serial: "", wwn: "" };
  expect(plan.disks("guest2", exported)).toMatchObject([bare]);
  // The very LUN has another serial number as this guest's disk, and the other guest's is not this one's.
  const given = (guest: string, serial: string) =>
    create(GivenDiskSchema, { guest, target: "iqn.t", number: 0, serial, sizeBytes: 2n ** 22n });
  expect(plan.disks("guest2", exported, [given("guest1", "a")])).toMatchObject([bare]);
  expect(plan.disks("guest2", exported, [given("guest1", "a"), given("guest2", "b")])).toMatchObject([
    { ...bare, serial: "b", sizeBytes: 2n ** 22n },
  ]);
});

test("LUNs of others, and of an earlier try, are not the scenario's", () => {
  const { exported, ...plan } = planned(storage());
  const old = exported.map((lun) =>
    create(ExportedLunSchema, { ...lun, $typeName: ExportedLunSchema.typeName, volume: "iser-0000-1" }),
  );
  expect(exportedOf(plan, [...old, ...exported])).toEqual(exported);
  expect(plan.planned.attachments("guest1", old)).toEqual([]);
});

test("who takes part with what: one device a LUN, or one for each session where nothing makes one of them", () => {
  const devices = (wanted: ScenarioStorage) =>
    participantsOf(wanted, lab).flatMap(({ agent, device }) => (agent === "guest1" ? [device] : []));
  expect(devices(storage({ luns: 2, sessions: 3 }))).toEqual(["lun1", "lun2"]);
  // Two portals.
  expect(devices(storage({ sessions: 3, multipath: Multipath.NONE }))).toEqual(
    [1, 2, 3, 4, 5, 6].map((path) => `lun1-${path}`),
  );
  expect(devices(storage({ sessions: 3, multipath: Multipath.NONE, transport: Transport.NVME_TCP }))).toEqual(["lun1"]);
});

function study(...storages: object[]) {
  return fromPlain(
    StudySchema,
    {
      name: "study",
      repeats: 2,
      scenarios: storages.map((each, index) => ({ name: `s${index + 1}`, storage: each })),
      workloads: ["a", "b"].map((name) => ({ name, pattern: "read", blockSize: "4KiB", duration: "1s" })),
    },
    "study",
  ).message;
}

const RAM = { size: "2MiB" };

test("runs of a scenario and repeat share what is made for them", () => {
  const made = study(
    { target: "target", transport: "iscsi", volume: RAM },
    { target: "target", transport: "iser", volume: RAM },
  );
  expect(checkStudy(made, lab)).toEqual([]);
  let count = 0;
  const groups = storageGroups(planRuns({ study: made, lab, newRunId: () => `run-${++count}` }));
  expect(
    groups.map((group) => group.map(({ scenario, workload }) => `${scenario}/${workload?.name}`).join(" ")),
  ).toEqual(["s1/a s1/b", "s2/a s2/b", "s1/a s1/b", "s2/a s2/b"]);
  expect(groups[0]?.[0]).toMatchObject({
    participants: [{ id: "guest1.lun1" }, { id: "guest2.lun1" }],
    storage: { wanted: { transport: Transport.ISCSI, layout: Layout.LUN_PER_GUEST, sessions: 1 } },
  });
});

test.each([
  [{ target: "targte" }, "storage.target", /is targte, which lab lab does not have, did you mean target/],
  [{ target: "guest1" }, "storage.target", /does not have the role target/],
  [{ target: "bare" }, "storage.target", /does not say where its portals are: storageAddresses/],
  [{ guests: ["guest3"] }, "storage.guests[0]", /is guest3, which lab lab does not have/],
  [{ guests: ["loader"] }, "storage.guests[0]", /does not have the roles workload and initiator/],
  [{ guests: ["target"] }, "storage.guests[0]", /is the target itself/],
  [{ guests: ["guest1", "guest1"] }, "storage.guests[1]", /as before/],
  [{ transport: "local", guests: ["guest1"] }, "storage.guests[0]", /only target itself can reach local storage/],
  [{ target: "bare", transport: "local" }, "storage.guests", /are none/],
  [{ volume: { kind: "disk", size: "2MiB" } }, "storage.volume.kind", /cannot be disk/],
  [{ volume: { size: "2MiB", sector: "1KiB" } }, "storage.volume.sectorBytes", /512B or 4KiB/],
  [{ volume: { ...RAM, thin: true } }, "storage.volume.thin", /cannot be had of RAM/],
  [{ volume: { size: "2049KiB" } }, "storage.volume.sizeBytes", /a multiple of 4KiB/],
  [{ transport: "nvme-tcp", volume: { size: "2052KiB" } }, "storage.volume.sizeBytes", /a multiple of 1MiB/],
  [{ transport: "nvme-rdma", chap: { user: "u", secret: "s" } }, "storage.chap", /works only with iscsi and iser/],
  [{ transport: "nvme-tcp", queueDepth: 8 }, "storage.queueDepth", /of nvme-tcp must be 16 to 1024/],
  [{ transport: "local", chap: { user: "u", secret: "s" } }, "storage.chap", /works only with iscsi and iser/],
])("storage that cannot be is told at its place: %j", (change, place, message) => {
  const made = study({ target: "target", transport: "iscsi", volume: RAM, ...change });
  expect(checkStudy(made, lab)).toEqual([{ path: `scenarios[0].${place}`, message: expect.stringMatching(message) }]);
});

const given = { attach: "hypervisor", disk: "rdm" };
const machines = fromPlain(
  LabSchema,
  {
    name: "lab",
    agents: [
      { id: "target", address: "a:1", roles: ["target", "hypervisor", "initiator"], storageAddresses: ["10.0.0.10"] },
      { id: "hv", address: "a:2", roles: ["hypervisor", "initiator"] },
      { id: "plain", address: "a:3", roles: ["initiator"] },
      { id: "in-hv", address: "a:4", roles: ["workload"], hypervisor: { agent: "hv", vm: "one" } },
      { id: "also-in-hv", address: "a:5", roles: ["workload"], hypervisor: { agent: "hv", vm: "one" } },
      { id: "in-none", address: "a:6", roles: ["workload", "initiator"] },
      { id: "in-typo", address: "a:7", roles: ["workload"], hypervisor: { agent: "vh", vm: "two" } },
      { id: "in-plain", address: "a:8", roles: ["workload"], hypervisor: { agent: "plain", vm: "three" } },
      { id: "in-target", address: "a:9", roles: ["workload"], hypervisor: { agent: "target", vm: "four" } },
      { id: "no-fio", address: "a:10", roles: ["initiator"], hypervisor: { agent: "hv", vm: "five" } },
      { id: "in-itself", address: "a:11", roles: ["workload"], hypervisor: { agent: "in-itself", vm: "six" } },
    ],
  },
  "lab",
).message;

test.each([
  [{ ...given, guests: ["in-none"] }, "guests[0]", "does not name the hypervisor: write hypervisor with agent and vm"],
  [{ ...given, guests: ["in-typo"] }, "guests[0]", "whose hypervisor vh is not in lab lab"],
  [{ ...given, guests: ["in-plain"] }, "guests[0]", "does not have the roles hypervisor and initiator in lab lab"],
  [{ ...given, guests: ["in-target"] }, "guests[0]", "whose hypervisor target is the target itself"],
  [{ ...given, guests: ["in-itself"] }, "guests[0]", "which cannot be its own hypervisor"],
  [{ ...given, guests: ["no-fio"] }, "guests[0]", "does not have the role workload in lab lab"],
  [{ ...given, guests: ["in-hv", "also-in-hv"] }, "guests", "in-hv and also-in-hv are both in one of hv in lab lab"],
  [{ attach: "hypervisor", guests: ["in-hv"] }, "disk", "is missing, and attach is hypervisor: write rdm"],
  [{ disk: "vmdk", guests: ["in-none"] }, "disk", "works only with attach: hypervisor"],
  [{ attach: "guest", disk: "rdm", guests: ["in-none"] }, "disk", "works only with attach: hypervisor"],
])("what a hypervisor cannot attach is told at its place: %j", (change, place, message) => {
  const made = study({ target: "target", transport: "iscsi", volume: RAM, ...change });
  expect(checkStudy(made, machines)).toEqual([
    { path: `scenarios[0].storage.${place}`, message: expect.stringContaining(message) },
  ]);
});

test("a hypervisor observes the runs of its guests, and the lab's other guests have no part in them", () => {
  const made = study({ target: "target", transport: "iscsi", volume: RAM, ...given, guests: ["in-hv"] });
  expect(checkStudy(made, machines)).toEqual([]);
  const [spec] = planRuns({ study: made, lab: machines, only: "s1/a", repeats: 1, newRunId: () => "run" });
  expect(spec?.agents.map(({ id, observer }) => [id, observer > 0])).toEqual([
    ["target", true],
    ["hv", true],
    ["in-hv", false],
  ]);
});

test("participants and storage are one or the other", () => {
  const { message: both } = fromPlain(
    StudySchema,
    {
      name: "study",
      scenarios: [
        {
          name: "both",
          participants: [{ agent: "guest1", device: "disk" }],
          storage: { target: "target", transport: "iscsi", volume: RAM },
        },
        { name: "neither" },
      ],
      workloads: [{ name: "a", pattern: "read", blockSize: "4KiB", duration: "1s" }],
    },
    "study",
  );
  expect(checkStudy(both, lab).map(({ path }) => path)).toEqual(["scenarios[0].participants", "scenarios[1]"]);
});
