import { clone, create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type FioSample, RecordSchema, type Record } from "@salvo/proto/telemetry_pb.ts";
import { damaged, fuzzRuns } from "@salvo/shared/testing/fuzz.fixture.ts";
import { syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BESIDES_BYTES_MAX, createBesidesSamples } from "./besides.ts";
import { createRecordJudge } from "./judge.ts";
import { limitsOf } from "./limits.ts";
import { createRepeatedRecords } from "./repeated.ts";

const run = syntheticRun({ agents: 2, participantsPerAgent: 2, rampTicks: 2, ticks: 10 });
const records = [...run.records("vm1")];
const fio = records.find(({ body }) => body.case === "fio")!;
const judge = createRecordJudge(run.spec);

type Body = Exclude<Record["body"], { case: undefined }>;

function edited(edit: (sample: FioSample) => void): Record {
  const record = clone(RecordSchema, fio);
  if (record.body.case === "fio") edit(record.body.value);
  return record;
}

function withBody(body: { case: Body["case"]; value: object }): Record {
  return create(RecordSchema, { seq: 5, atNs: 10n ** 12n, body: body as never });
}

test("everything that an agent writes in a run is sound, and none of it repeats another", () => {
  const repeated = createRepeatedRecords();
  for (const record of records)
    expect(judge("vm1", record) ?? repeated("vm1", record), JSON.stringify(record.seq)).toBeUndefined();
  expect(judge("vm1", create(RecordSchema, { seq: 3 })), "of a newer agent").toBeUndefined();
  expect(judge("vm1", withBody({ case: "event", value: { text: "of the whole agent" } }))).toBeUndefined();
});

test.each<[string, Record, string]>([
  [
    "a bin above fio's last",
    edited(({ read }) => read!.latency!.bins.splice(-1, 1, 1856)),
    "bin that fio does not have",
  ],
  ["bins that do not ascend", edited(({ read }) => read!.latency!.bins.splice(0, 1, 1000)), "bins that do not ascend"],
  [
    "one bin twice",
    edited(({ write }) => write!.latency!.bins.splice(1, 1, write!.latency!.bins[0]!)),
    "do not ascend",
  ],
  [
    "three bins with two counts",
    edited(({ read }) => read!.latency!.counts.pop()),
    "not as many latency counts as bins",
  ],
  ["tick 0", edited((sample) => (sample.tick = 0)), "a tick that the run does not have"],
  ["a tick beyond the plan", edited((sample) => (sample.tick = 13)), "a tick that the run does not have"],
  ["another agent's participant", edited((sample) => (sample.participant = "vm2.disk1")), "a participant that"],
  ["no participant", edited((sample) => (sample.participant = "")), "a participant that the agent does not have"],
  ["a path", edited((sample) => (sample.participant = "../../etc/passwd")), "a participant that the agent"],
  ["a negative time", edited((sample) => (sample.takenAtNs = -1n)), "a time that no clock shows"],
  ["the end of all time", edited((sample) => (sample.countedAtNs = 2n ** 62n)), "a time that no clock shows"],
  ["a time after it was written", edited((sample) => (sample.takenAtNs += 10n ** 10n)), "after it was written"],
  ["too many bytes", edited(({ read }) => (read!.bytes = 2n ** 63n)), "counts more bytes than"],
  ["number 0", { ...fio, seq: 0 }, "a number that the plan"],
  ["a number far too high", { ...fio, seq: 4_294_967_295 }, "a number that the plan"],
  ["a disk of nobody", withBody({ case: "disk", value: { tick: 1 } }), "a participant that the agent does not have"],
  ["an event of a stranger", withBody({ case: "event", value: { participant: "vm2.disk1" } }), "a participant that"],
  ["endless text", withBody({ case: "event", value: { text: "x".repeat(200_000) } }), "too many characters of text"],
  [
    "a start before all time",
    withBody({ case: "start", value: { participant: "vm1.disk1", earliestNs: -5n } }),
    "no clock",
  ],
  [
    "busier than time",
    withBody({ case: "cpu", value: { tick: 1, cores: [{ userMs: 4e9 }] } }),
    "counts more ms of a core",
  ],
  [
    "quotas without end",
    withBody({
      case: "cpuLimit",
      value: { participant: "vm1.disk1", quotas: Array.from({ length: 300 }, (_, each) => ({ cgroup: `/${each}` })) },
    }),
    "too many quotas",
  ],
  [
    "a cgroup without end",
    withBody({ case: "cpuLimit", value: { participant: "vm1.disk1", quotas: [{ cgroup: "/".repeat(5000) }] } }),
    "too many characters of a cgroup",
  ],
  [
    "CPUs without end",
    withBody({
      case: "cpuLimit",
      value: { participant: "vm1.disk1", allowedCpus: Array.from({ length: 5000 }, () => 1) },
    }),
    "too many cores",
  ],
  [
    "cores without end",
    withBody({ case: "cpu", value: { tick: 1, cores: Array.from({ length: 5000 }, () => ({})) } }),
    "too many cores",
  ],
  [
    "counts since the end of all time",
    withBody({ case: "net", value: { tick: 1, takenAtNs: 5n, sinceNs: 2n ** 62n } }),
    "a time that no clock shows",
  ],
  [
    "counts since a later time",
    withBody({ case: "disk", value: { tick: 1, participant: "vm1.disk1", takenAtNs: 5n, sinceNs: 6n } }),
    "ends before it begins",
  ],
  [
    "NICs without end",
    withBody({ case: "net", value: { tick: 1, nics: Array.from({ length: 5000 }, () => ({})) } }),
    "too many NICs",
  ],
])("%s is not sound", (_, record, what) => {
  expect(judge("vm1", record)?.what).toContain(what);
});

test("an observer speaks of its own disks, and of no participant", () => {
  expect(judge("observer", withBody({ case: "disk", value: { tick: 1, disk: "sda" } }))).toBeUndefined();
  expect(judge("observer", withBody({ case: "cpu", value: { tick: 1 } }))).toBeUndefined();
  for (const body of ["fio", "start", "final"] as const)
    expect(judge("observer", withBody({ case: body, value: { tick: 1, participant: "vm1.disk1" } }))?.what).toContain(
      "a participant",
    );
});

test("whatever is altered in a record, it is judged without an error, and what is sound can be shown and measured", () => {
  const encoded = fc.constantFrom(...records).map((record) => Buffer.from(toBinary(RecordSchema, record)));
  fc.assert(
    fc.property(damaged(encoded), (bytes) => {
      let record: Record;
      try {
        record = fromBinary(RecordSchema, bytes);
      } catch {
        return;
      }
      if (judge("vm1", record) !== undefined) return;
      expect(record.seq).toBeLessThanOrEqual(limitsOf(run.spec, "vm1").recordsMax);
      if (record.body.case !== "fio") return;
      const { tick, participant, read, write } = record.body.value;
      expect([participant.startsWith("vm1."), tick >= 1 && tick <= 12]).toEqual([true, true]);
      for (const { bins, counts } of [read?.latency, write?.latency].filter((latency) => latency !== undefined)) {
        expect(bins.length).toBe(counts.length);
        expect(bins.every((bin, index) => bin < 1856 && bin > (bins[index - 1] ?? -1))).toBe(true);
      }
    }),
    { numRuns: fuzzRuns(2_000) },
  );
});

test("a sample of one participant and tick counts once, whatever its number", () => {
  const repeated = createRepeatedRecords();
  expect(repeated("vm1", fio)).toBeUndefined();
  expect(repeated("vm2", fio)).toBeUndefined();
  expect(
    repeated(
      "vm1",
      edited((sample) => (sample.tick = 6_000_000)),
    ),
  ).toBeUndefined();
  expect(repeated("vm1", { ...fio, seq: 900 })).toMatchObject({ detail: "fio vm1.disk1, tick 1" });
  for (const name of ["cpu", "disk"] as const) {
    const sample = records.find(({ body }) => body.case === name)!;
    expect(repeated("vm1", sample)).toBeUndefined();
    expect(repeated("vm1", sample)?.what).toContain("once more");
  }
  let problem: unknown;
  for (let disk = 0; disk < 2_000; disk++)
    problem ??= repeated("observer", withBody({ case: "disk", value: { tick: 1, disk: `sd${disk}` } }))?.what;
  expect(problem).toBe("is of one disk too many");
});

test("limits grow with the plan: with its ticks, and with the agent's own participants", () => {
  const limits = limitsOf(run.spec, "vm1");
  expect(limits).toEqual({ ticks: 12, recordsMax: 13 * 4 * 3 + 10_000, bytesMax: expect.any(Number) });
  const longer = syntheticRun({ agents: 1, participantsPerAgent: 2, rampTicks: 0, ticks: 1000 });
  expect(limitsOf(longer.spec, "vm1").bytesMax).toBeGreaterThan(limits.bytesMax);
  expect(limitsOf(run.spec, "observer").recordsMax).toBeGreaterThan(13 * 256);
  // A day at 100 ms is far more than 4 GiB may have for one agent, a minute far less.
  const minute = syntheticRun({ agents: 1, participantsPerAgent: 1, intervalMs: 1000, rampTicks: 0, ticks: 60 });
  expect(limitsOf(minute.spec, "vm1").bytesMax).toBeLessThan(32 * 2 ** 20);
});

test("what keeps the agent itself from CPUs is of no participant", () => {
  expect(judge("vm1", withBody({ case: "cpuLimit", value: { participant: "" } }))).toBeUndefined();
  const stranger = judge("vm1", withBody({ case: "cpuLimit", value: { participant: "vm2.disk1" } }));
  expect(stranger?.what).toContain("a participant that");
});

test("an agent has so much to say besides its samples, and no more; samples are not counted", () => {
  const besides = createBesidesSamples();
  const event = withBody({ case: "event", value: { text: "here" } });
  const half = BESIDES_BYTES_MAX / 2;
  expect([besides("vm1", event, half), besides("vm1", fio, BESIDES_BYTES_MAX), besides("vm1", event, half)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(besides("vm1", event, 1)?.what).toBe("is more than an agent may say besides its samples");
  expect(besides("vm2", event, 1)).toBeUndefined();
});

test("of an agent that has more NICs than any host, no more names are kept", () => {
  const repeated = createRepeatedRecords();
  const nics = (tick: number) =>
    withBody({
      case: "net",
      value: { tick, nics: Array.from({ length: 1024 }, (_, each) => ({ name: `${each % 2 ? tick : 0}-${each}` })) },
    });
  expect([1, 1, 2, 3].map((tick) => repeated("vm1", nics(tick))?.what)).toEqual([
    undefined,
    "tells once more what another record has told",
    "is of one NIC too many",
    "is of one NIC too many",
  ]);
});
