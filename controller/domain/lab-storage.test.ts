import { clone, create } from "@bufbuild/protobuf";
import { LabSchema, Role } from "@salvo/proto/lab_pb.ts";
import { Multipath, Transport, VolumeKind } from "@salvo/proto/storage_pb.ts";
import { type ExportedLun, ExportedLunSchema } from "@salvo/proto/target_pb.ts";
import { expect, test } from "vitest";
import { checkStorage, initiatorWish, NOTHING_EXPORTED, targetSpec, targetsOf } from "./lab-storage.ts";

const portals = [{ address: "10.0.0.10", port: 3260 }];
const attachments = [
  { agent: "guest1", target: "target", export: "a", sessions: 2, multipath: Multipath.ROUND_ROBIN, queueDepth: 8 },
];
const LAB = create(LabSchema, {
  name: "lab",
  agents: [
    { id: "target", roles: [Role.TARGET] },
    { id: "guest1", roles: [Role.INITIATOR] },
  ],
  storage: {
    targets: [
      {
        agent: "target",
        volumes: [{ name: "v", kind: VolumeKind.DISK }, { name: "w" }],
        exports: [
          { name: "a", transport: Transport.ISER, portals, luns: [{ volume: "v" }, { number: 1, volume: "w" }] },
        ],
      },
    ],
    attachments,
  },
});

function told(more: Partial<ExportedLun> = {}): ExportedLun {
  const { $typeName: _, $unknown: __, ...rest } = more;
  const lun = {
    export: "a",
    target: "iqn.chosen",
    transport: Transport.ISER,
    volume: "v",
    wwn: "eui.1",
    serial: "s",
    sizeBytes: 7n,
  };
  return create(ExportedLunSchema, { ...lun, ...rest });
}

const BOTH = [told(), told({ number: 1, volume: "w", wwn: "eui.2", serial: "t" })];

test("names, identities and sizes are those that the target told, everything else is the lab file's", () => {
  expect(initiatorWish(LAB, "guest1", new Map([["target", BOTH]]))).toMatchObject({
    spec: {
      attachments: [
        {
          target: "iqn.chosen",
          transport: Transport.ISER,
          portals,
          sessions: 2,
          multipath: Multipath.ROUND_ROBIN,
          queueDepth: 8,
          luns: [
            { number: 0, wwn: "eui.1", serial: "s", sizeBytes: 7n, device: "" },
            { number: 1, wwn: "eui.2", serial: "t" },
          ],
        },
      ],
    },
    unknown: [],
  });
  expect(targetsOf(LAB, "guest1")).toEqual(["target"]);
  expect(targetSpec(LAB, "target").exports).toMatchObject([{ name: "a" }]);
  expect(targetSpec(LAB, "guest1").exports).toEqual([]);
});

test.each([
  ["nobody has told of anything", NOTHING_EXPORTED],
  ["another target told", new Map([["other", BOTH]])],
  ["another export's", new Map([["target", [told({ export: "b" })]]])],
  ["over another transport", new Map([["target", [told({ transport: Transport.ISCSI })]]])],
  ["another volume under the number", new Map([["target", [told({ volume: "x" })]]])],
])("what is not told is not known, and is not asked for: %s", (_, exported) => {
  const { spec, unknown } = initiatorWish(LAB, "guest1", exported);
  expect(spec.attachments).toEqual([]);
  expect(unknown).toEqual(["LUN 0 of export a of target", "LUN 1 of export a of target"]);
});

test("of an export that is there in part, the rest is not known", () => {
  const { spec, unknown } = initiatorWish(LAB, "guest1", new Map([["target", [told()]]]));
  expect(spec.attachments).toMatchObject([{ luns: [{ number: 0 }] }]);
  expect(unknown).toEqual(["LUN 1 of export a of target"]);
});

test.each([
  [[], "a", "storage: the lab has no agent target with the role target"],
  [["target"], "a", "storage: the lab has no agent guest1 with the role initiator"],
  [["target", "guest1"], "z", "storage: guest1 is to attach to z of target, which has a"],
])("a storage section that does not fit its lab is told: agents %j, export %s", (agents, name, message) => {
  expect(() => checkStorage(LAB)).not.toThrow();
  const other = clone(LabSchema, LAB);
  other.agents = other.agents.filter(({ id }) => agents.includes(id));
  for (const each of other.storage?.attachments ?? []) each.export = name;
  expect(() => checkStorage(other)).toThrow(message);
});
