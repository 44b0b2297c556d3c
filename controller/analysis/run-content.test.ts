import { clone, create, type MessageInitShape } from "@bufbuild/protobuf";
import { type RunSpec, RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { Transport } from "@salvo/proto/storage_pb.ts";
import { Attach, Layout } from "@salvo/proto/study_pb.ts";
import { Engine, Pattern } from "@salvo/proto/workload_pb.ts";
import { expect, test } from "vitest";
import { contentOf, partLabels, scenarioPart, workloadPart } from "./run-content.ts";

const SPEC = create(RunSpecSchema, {
  run: "r-1",
  lab: "rack",
  study: "s",
  scenario: "iser",
  repeat: 1,
  intervalMs: 1000,
  workload: {
    name: "4k-randread",
    pattern: Pattern.RANDREAD,
    blockSizeBytes: 4096n,
    jobs: 1,
    queueDepth: 16,
    durationMs: 5000,
    direct: true,
    engine: Engine.LIBAIO,
  },
  participants: [
    { id: "g1.disk", agent: "g1", device: "disk" },
    { id: "g2.disk", agent: "g2", device: "disk" },
  ],
});

function changed(change: (spec: RunSpec) => void): RunSpec {
  const spec = clone(RunSpecSchema, SPEC);
  change(spec);
  return spec;
}

const STORAGE: MessageInitShape<typeof RunSpecSchema>["storage"] = {
  wanted: {
    target: "t1",
    transport: Transport.ISER,
    layout: Layout.LUN_PER_GUEST,
    volume: { sizeBytes: 2n ** 30n },
    chap: { user: "u", secret: "do-not-print" },
  },
};

test("another run of the same, by another id, repeat, study and order of participants, has the same content", () => {
  const again = changed((spec) => {
    Object.assign(spec, { run: "r-2", study: "other", repeat: 2, notes: ["said"] });
    spec.participants.reverse();
  });
  expect(contentOf(again)).toBe(contentOf(SPEC));
  expect(contentOf(SPEC)).toMatch(/^[0-9a-f]{16}$/);
});

test("a guest that attaches itself, as all did before a study could say who attaches, changes no content", () => {
  const of = (attach: Attach) =>
    changed((spec) => {
      spec.storage = create(RunSpecSchema, { storage: STORAGE }).storage;
      spec.storage!.wanted!.attach = attach;
    });
  expect(contentOf(of(Attach.GUEST))).toBe(contentOf(of(Attach.UNSPECIFIED)));
  expect(contentOf(of(Attach.HYPERVISOR))).not.toBe(contentOf(of(Attach.GUEST)));
  expect(scenarioPart(of(Attach.UNSPECIFIED)).facts.get("storage.attach")).toBe("guest");
});

test("whatever changes what is measured changes the content", () => {
  const changes: ((spec: RunSpec) => void)[] = [
    (spec) => (spec.workload!.queueDepth = 32),
    (spec) => (spec.workload!.direct = false),
    (spec) => (spec.workload!.name = "other"),
    (spec) => (spec.intervalMs = 500),
    (spec) => (spec.lab = "other"),
    (spec) => (spec.scenario = "other"),
    (spec) => spec.participants.pop(),
    (spec) => (spec.storage = create(RunSpecSchema, { storage: STORAGE }).storage!),
  ];
  const contents = changes.map((change) => contentOf(changed(change)));
  expect(new Set([contentOf(SPEC), ...contents]).size).toBe(changes.length + 1);
});

test("the content of a run is the same in every version of Salvo: archives are compared for years", () => {
  expect(contentOf(SPEC)).toMatchInlineSnapshot(`"5692a1beb929e770"`);
});

test("parts of one name are told apart by what differs, and others are called by their names", () => {
  const deep = changed((spec) => Object.assign(spec.workload!, { queueDepth: 32, blockSizeBytes: 65_536n }));
  const other = changed((spec) => (spec.workload!.name = "other"));
  const parts = [SPEC, deep, other, SPEC].map(workloadPart);
  const labels = partLabels(parts);
  expect(parts.map(({ hash }) => labels.get(hash))).toEqual([
    "4k-randread (blockSize 4 KiB, queueDepth 16)",
    "4k-randread (blockSize 64 KiB, queueDepth 32)",
    "other",
    "4k-randread (blockSize 4 KiB, queueDepth 16)",
  ]);
});

test("scenarios are told apart by their participants and their storage, never by a secret", () => {
  const made = (transport: Transport) =>
    changed((spec) => {
      spec.storage = create(RunSpecSchema, { storage: STORAGE }).storage!;
      spec.storage.wanted!.transport = transport;
    });
  const parts = [made(Transport.ISER), made(Transport.ISCSI)].map(scenarioPart);
  expect([...partLabels(parts).values()]).toEqual(["iser (storage.transport iser)", "iser (storage.transport iscsi)"]);
  const fewer = changed((spec) => spec.participants.pop());
  expect([...partLabels([SPEC, fewer].map(scenarioPart)).values()]).toEqual([
    "iser (participants 2: g1.disk, g2.disk)",
    "iser (participants 1: g1.disk)",
  ]);
  expect(JSON.stringify([...parts[0]!.facts])).not.toContain("do-not-print");
});
