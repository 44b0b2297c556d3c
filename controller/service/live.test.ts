import { create } from "@bufbuild/protobuf";
import { type Record, RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { systemClock } from "@salvo/shared/kernel/time.ts";
import { syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import { expect, test } from "vitest";
import { createLive, type LiveView } from "./live.ts";

const shape = { agents: 2, participantsPerAgent: 1, intervalMs: 500, rampTicks: 0, ticks: 20 };

function start() {
  const run = syntheticRun(shape);
  const views: LiveView[] = [];
  let nowNs = 0n;
  const clock = { ...systemClock, now: () => nowNs };
  const live = createLive(run.spec, clock, (view) => views.push(view));
  return { run, live, views, at: (ns: bigint) => (nowNs = ns) };
}

/** One participant's answer to a tick: 1000 reads of 4 KiB. */
function sample(participant: string, tick: number): Record {
  const read = { ios: 1000, bytes: 4_096_000n, latency: { bins: [640, 700], counts: [980, 20] } };
  return create(RecordSchema, { body: { case: "fio", value: { participant, tick, read } } });
}

test("a tick is shown when all have reported it, as rates of the whole run", () => {
  const { live, views } = start();
  live.record(sample("vm1.disk1", 1));
  expect(views).toEqual([]);
  live.record(sample("vm2.disk1", 1));
  expect(views).toHaveLength(1);
  expect(views[0]).toMatchObject({
    run: "synthetic-1",
    tick: 1,
    ticks: 20,
    reported: 2,
    iops: 4000,
    mibPerSec: 15.625,
  });
  expect(views[0]!.p99Us).toBeGreaterThan(0);
});

test("records of a whole run, in the order of its journals, show every tick once", () => {
  const { run, live, views } = start();
  const agents = ["vm1", "vm2"].map((agent) => [...run.records(agent)]);
  for (const [index, record] of agents[0]!.entries()) {
    live.record(record);
    live.record(agents[1]![index]!);
  }
  expect(views.map(({ tick }) => tick)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
});

test("a participant that was lost is waited for three ticks long, and then the others go on without it", () => {
  const { live, views } = start();
  live.record(sample("vm2.disk1", 1));
  for (let tick = 1; tick <= 20; tick++) live.record(sample("vm1.disk1", tick));
  expect(views.map(({ tick, reported }) => [tick, reported])).toEqual([
    [1, 2],
    ...Array.from({ length: 16 }, (_, index) => [index + 2, 1]),
  ]);
});

test("what comes late, or again, is not shown in place of what is newer", () => {
  const { live, views } = start();
  for (const tick of [2, 1]) for (const who of ["vm1.disk1", "vm2.disk1"]) live.record(sample(who, tick));
  expect(views.map(({ tick }) => tick)).toEqual([2]);
  expect(live.view().tick).toBe(2);
});

test("an agent that is ahead of the clock, or tells a tick twice, does not keep the others from being shown", () => {
  const { live, views, at } = start();
  live.phase("running", 1_000_000_000n);
  at(1_500_000_000n); // tick 1
  for (let tick = 4; tick <= 20; tick++) live.record(sample("vm1.disk1", tick));
  live.record(sample("vm1.disk1", 1));
  live.record(sample("vm1.disk1", 1));
  expect(live.view().tick).toBe(0);
  live.record(sample("vm2.disk1", 1));
  expect(views.at(-1)).toMatchObject({ tick: 1, reported: 2, iops: 4000 });
});

test("the time left is known from T0 on and never negative", () => {
  const { live, views, at } = start();
  live.phase("arming", undefined);
  expect(views.at(-1)).toMatchObject({ phase: "arming", leftMs: undefined, tick: 0, iops: 0, p99Us: undefined });
  at(1_000_000_000n);
  live.phase("firing", 2_000_000_000n);
  expect(views.at(-1)?.leftMs).toBe(1_000 + 10_000 + 301);
  at(60_000_000_000n);
  expect(live.view().leftMs).toBe(0);
});
