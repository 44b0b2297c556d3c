import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { ObserverLoss } from "@salvo/proto/lab_pb.ts";
import { RunSpecSchema, TotalsSchema } from "@salvo/proto/run_pb.ts";
import { syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import { expect, test } from "vitest";
import { conclude, small } from "../analysis.fixture.ts";
import type { CoreSum } from "../core-sums.ts";
import type { FindingFacts, HostFigures, ParticipantFigures } from "./facts.ts";
import { findingsOf } from "./findings.ts";
import { jainIndex } from "./unfair-share.ts";

/** A core of which 10 s were looked at. */
function core(share: number, kinds: Partial<CoreSum> = {}): CoreSum {
  return {
    busyMs: share * 10_000,
    userMs: share * 10_000,
    systemMs: 0,
    softirqMs: 0,
    stealMs: 0,
    allMs: 10_000,
    ...kinds,
  };
}

function host(cores: readonly CoreSum[], more: Partial<HostFigures> = {}): HostFigures {
  return { agent: "vm1", agents: ["vm1"], isGuest: true, isTarget: false, cores, ...more };
}

function participant(id: string, iops: number, meanUs = 1000, mibPerSec = iops / 256): ParticipantFigures {
  const rates = { iops, mibPerSec, latencyUs: { mean: meanUs } };
  return { id, agent: id.split(".")[0] ?? "", totals: create(TotalsSchema, { ...rates, read: rates }) };
}

type Spec = Exclude<MessageInitShape<typeof RunSpecSchema>, { readonly $typeName: string }>;

/** Nothing to find, but for what is given. */
function facts(more: Partial<FindingFacts> = {}, spec: Spec = {}): FindingFacts {
  return {
    spec: create(RunSpecSchema, { intervalMs: 1000, workload: { jobs: 4, queueDepth: 16, direct: true }, ...spec }),
    hosts: [host([core(0.3), core(0.2), core(0.25), core(0.3)])],
    participants: [participant("vm1.a", 50_000), participant("vm2.a", 52_000)],
    disks: [],
    queues: [],
    totals: create(TotalsSchema, { iops: 102_000 }),
    stalls: [],
    start: { spreadMs: 1, boundMs: 2, clockBoundMs: 0.1 },
    ...more,
  };
}

const found = (given: FindingFacts) => findingsOf(given).map(({ name, sentence }) => `${name}: ${sentence}`);
const names = (given: FindingFacts) => findingsOf(given).map(({ name }) => name);

test("a run without anything to see has no finding", () => {
  expect(found(facts())).toEqual([]);
});

test("one saturated core is named with its host and with what it did", () => {
  const irq = core(0.97, { userMs: 500, systemMs: 200, softirqMs: 9000 });
  const [finding] = findingsOf(facts({ hosts: [host([core(0.3), core(0.2), irq, core(0.1)])] }));
  expect(finding).toMatchObject({
    name: "one-core-saturated",
    sentence: "core 2 of vm1 was 97 % busy, mostly with interrupts, while its other cores were 20 % busy",
    confidence: "high",
    next: expect.stringContaining("Spread interrupts over cores"),
  });
  expect(finding?.evidence[0]).toMatchObject({ what: "busy", value: 97, unit: "%", agent: "vm1", core: 2 });
  expect(names(facts({ hosts: [host([core(0.3), core(0.89)])] }))).toEqual([]);
  expect(names(facts({ hosts: [host([core(0.97)])] }))).toEqual(["generator-bound"]); // it has no other core
  expect(names(facts({ hosts: [host([core(0.97), core(0.8)])] }))).toEqual([]);
});

test("a busy target with one core is told what targets can do", () => {
  const target = host([core(0.96), core(0.1)], { agent: "san", isGuest: false, isTarget: true });
  expect(findingsOf(facts({ hosts: [target] }))[0]?.next).toContain("Give the target more threads");
});

test("guests without processor time, or that the hypervisor does not give any, bound the load", () => {
  expect(found(facts({ hosts: [host([core(0.95), core(0.93)])] }))).toEqual([
    "generator-bound: all 2 cores of vm1 were 94 % busy: the load generator may be what was measured",
  ]);
  const stolen = core(0.5, { stealMs: 2500 });
  expect(found(facts({ hosts: [host([stolen, stolen])] }))[0]).toContain("the hypervisor took 25 % of the time");
  expect(names(facts({ hosts: [host([core(0.95), core(0.93)], { isGuest: false })] }))).toEqual([]);
  expect(names(facts({ hosts: [host([core(0.9), core(0.9)])] }))).toEqual([]);
});

const CHECKS = [{ from: "vm1", to: "san", address: "10.0.0.1", lineRateMbps: 10_000 }];

test("a guest that moves what its link carries in one direction has reached the line rate", () => {
  // 10 Gbit/s are 1,192 MiB/s.
  const full = facts({ participants: [participant("vm1.a", 280_000, 100, 1094)] }, { storage: { checks: CHECKS } });
  expect(found(full)).toEqual(["line-rate-reached: vm1 read 1094 MiB/s, 92 % of what the link's speed allows"]);
  const measured = { storage: { checks: [...CHECKS, { ...CHECKS[0], lineRateMbps: 0, mibPerSec: 1100 }] } };
  expect(findingsOf({ ...full, spec: create(RunSpecSchema, measured) })[0]).toMatchObject({ confidence: "high" });
  const two = { storage: { checks: [...CHECKS, { ...CHECKS[0], address: "10.0.1.1" }] } };
  expect(names({ ...full, spec: create(RunSpecSchema, two) })).toEqual([]); // two ways carry twice as much
  expect(
    names(facts({ participants: [participant("vm1.a", 200_000, 100, 781)] }, { storage: { checks: CHECKS } })),
  ).toEqual([]);
  expect(names({ ...full, spec: create(RunSpecSchema, {}) })).toEqual([]);
});

test("reads and writes go opposite ways, so each alone is held against the link", () => {
  const mixed = participant("vm1.a", 280_000, 100, 1200);
  mixed.totals.read!.mibPerSec = 600;
  mixed.totals.write = { ...mixed.totals.read!, mibPerSec: 600 };
  expect(names(facts({ participants: [mixed] }, { storage: { checks: CHECKS } }))).toEqual([]);
});

const SESSIONS = ["1", "2"].map((session) => ({ session, portal: { address: "10.0.0.1" } }));

test("several sessions whose interrupts one core does are not spread", () => {
  const busy = core(0.6, { softirqMs: 5000 });
  const hosts = [host([busy, core(0.2), core(0.2), core(0.2, { softirqMs: 200 })], { agent: "san", isGuest: false })];
  const storage = { attached: [{ agent: "vm1", luns: SESSIONS }] };
  expect(found(facts({ hosts }, { storage }))).toEqual([
    "sessions-on-one-core: core 0 of san did 96 % of the interrupt work of 2 sessions",
  ]);
  expect(names(facts({ hosts }, { storage: { attached: [{ agent: "vm1", luns: SESSIONS.slice(1) }] } }))).toEqual([]);
  const spread = [host([busy, busy, busy, busy], { agent: "san", isGuest: false })];
  expect(names(facts({ hosts: spread }, { storage }))).toEqual([]);
});

// 100,000 IOPS at 640 us are 64 in flight, as 4 jobs of 16 keep; the disk takes 32 of them.
const QUEUE = { participant: "vm1.a", least: 31, most: 32, mean: 31.8, samples: 30 };

test("a queue that is always as full, and smaller than what fio keeps, is a limit by Little's law", () => {
  const given = facts({ queues: [QUEUE], participants: [participant("vm1.a", 100_000, 640)] });
  const [finding] = findingsOf(given);
  expect(finding?.sentence).toBe(
    "the disk of vm1.a never had more than 32 requests in flight, while fio kept 64: of the mean latency of 640 us, about 322 us are waiting for that queue",
  );
  const silent = (queue: Partial<typeof QUEUE>, participants = given.participants) =>
    names({ ...given, participants, queues: [{ ...QUEUE, ...queue }] });
  expect(silent({ least: 10 })).toEqual([]); // it varies
  expect(silent({ least: 60, most: 64, mean: 63 })).toEqual([]); // as deep as fio's
  expect(silent({ samples: 3 })).toEqual([]);
  expect(silent({}, [participant("vm1.a", 100_000, 320)])).toEqual([]); // fio kept no more: a fixed rate, for example
});

test("participants that ask for the same and get very different rates share unfairly", () => {
  expect(jainIndex([5, 5, 5])).toBeCloseTo(1, 12);
  expect(jainIndex([9, 0, 0])).toBeCloseTo(1 / 3, 12);
  const given = facts({ participants: [participant("vm1.a", 90_000), participant("vm2.a", 30_000)] });
  expect(found(given)).toEqual([
    "unfair-share: participants that asked for the same did not get the same: vm1.a had 3.0 times the IOPS of vm2.a (Jain's index 0.80)",
  ]);
  expect(names(facts({ participants: [participant("vm1.a", 90_000)] }))).toEqual([]);
});

test("a disk that moved much less than fio did stood behind a cache", () => {
  const disk = (diskBytes: number | undefined, fioBytes = 2 ** 30) => ({
    users: [{ participant: "vm1.a", agent: "vm1", device: "a", disk: "sdb", fioBytes, diskBytes }],
    fioBytes,
    diskBytes,
  });
  expect(found(facts({ disks: [disk(2 ** 26)] }))).toEqual([
    "cache-not-disk: the disk of vm1.a moved 6 % of what fio did: most of it came from a cache of the host",
  ]);
  for (const quiet of [disk(2 ** 30), disk(undefined), disk(0, 2 ** 20)])
    expect(names(facts({ disks: [quiet] }))).toEqual([]);
});

test("storage that did not answer is told with its ticks, and an agent that stood still is not storage", () => {
  const stall = { agent: "vm1", participant: "vm1.a", kind: "no-io", firstTick: 4, lastTick: 7, seconds: 3.2 } as const;
  const [finding] = findingsOf(facts({ stalls: [stall, { ...stall, seconds: 2.1 }] }));
  expect(finding?.sentence).toBe("the storage of vm1.a did not answer for 3.2 s, the longest of 2 such times");
  expect(finding?.evidence[0]).toMatchObject({ value: 3.2, unit: "s", firstTick: 4, lastTick: 7 });
  expect(names(facts({ stalls: [{ ...stall, participant: undefined, kind: "late-ticks" }] }))).toEqual([]);
});

test("a start or a clock that is known loosely is told against the interval", () => {
  const start = { spreadMs: 8, boundMs: 6, clockBoundMs: 0.1 };
  expect(found(facts({ start }, { intervalMs: 100 }))).toEqual([
    "loose-timing: the start spread of 8.0 ms is 8 % of an interval: samples of one tick are not quite of one time",
  ]);
  expect(names(facts({ start }))).toEqual([]);
  expect(names(facts({ start: undefined }))).toEqual([]);
});

test("every finding has evidence, and the surest stand first", () => {
  const given = facts({
    hosts: [host([core(0.91), core(0.1)])],
    participants: [participant("vm1.a", 100), participant("vm2.a", 1)],
    start: { spreadMs: 300, boundMs: 1, clockBoundMs: 0.1 },
  });
  const all = findingsOf(given);
  expect(all.map(({ confidence }) => confidence)).toEqual(["high", "high", "medium"]);
  for (const { evidence, next } of all) {
    expect(evidence.length).toBeGreaterThan(0);
    expect(next).not.toBe("");
  }
});

test("a run's summary has what its own records show: a storage that stood still, and one core that did all", () => {
  const run = syntheticRun({ ...small, ticks: 20, observer: ObserverLoss.NOTE });
  const { summary } = conclude(run, (record, agent) => {
    const { body } = record;
    if (body.case === "fio" && body.value.participant === "vm1.disk1" && body.value.tick > 8 && body.value.tick < 13) {
      delete body.value.read;
      delete body.value.write;
    }
    if (body.case === "cpu" && agent === "target") {
      const [first] = body.value.cores;
      Object.assign(first!, { userMs: 0, softirqMs: 980, systemMs: 0, idleMs: 20 });
    }
    return record;
  });
  expect(summary.findings.map(({ name }) => name)).toEqual(["storage-did-not-answer", "one-core-saturated"]);
  expect(summary.findings[1]?.sentence).toContain("core 0 of target was 98 % busy, mostly with interrupts");
  expect(conclude(syntheticRun(small)).summary.findings).toEqual([]);
});
