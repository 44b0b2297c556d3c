import { create } from "@bufbuild/protobuf";
import { ObserverLoss } from "@salvo/proto/lab_pb.ts";
import { HostClockSchema, Outcome, type Record } from "@salvo/proto/telemetry_pb.ts";
import { syntheticRun, type SyntheticShape } from "@salvo/shared/testing/records.fixture.ts";
import { expect, test } from "vitest";
import { conclude, type Edit, small } from "./analysis.fixture.ts";

const { DEGRADE, NOTE } = ObserverLoss;
const observed = (observer: ObserverLoss, more: SyntheticShape = {}) => syntheticRun({ ...small, observer, ...more });

test("an observer changes nothing about the participants: window, spread and totals are as without it", () => {
  const alone = conclude(syntheticRun(small)).summary;
  const { summary, participants } = conclude(observed(DEGRADE));
  expect(summary.verdict).toBe("complete");
  for (const key of ["window", "totals", "startSpreadMs", "participants", "clockBoundUs"] as const)
    expect(summary[key]).toEqual(alone[key]);
  expect(participants.map(({ id }) => id)).toEqual(["vm1.disk1", "vm1.disk2", "vm2.disk1", "vm2.disk2"]);
});

test("its records are counted as any agent's: cores and network interfaces are expected at every tick", () => {
  const { summary, streams } = conclude(observed(DEGRADE));
  expect(streams.map(({ agent, missing }) => ({ agent, missing }))).toContainEqual({ agent: "target", missing: 0 });
  const without =
    (kind: "cpu" | "net"): Edit =>
    (record, agent) => {
      const { body } = record;
      return agent === "target" && body.case === kind && body.value.tick === 4 ? undefined : record;
    };
  for (const kind of ["cpu", "net"] as const)
    expect(conclude(observed(DEGRADE), without(kind)).summary.samples).toMatchObject({
      expected: summary.samples!.expected,
      missing: 1,
    });
});

test("a disk that an observer's host has only for a while is no missing sample", () => {
  const came: Edit = (record, agent) => {
    const { body } = record;
    return agent === "target" && body.case === "disk" && body.value.tick < 5
      ? { ...record, body: cpuOf(record) }
      : record;
  };
  expect(conclude(observed(DEGRADE), came).summary).toMatchObject({ verdict: "complete", samples: { missing: 0 } });
});

/** In the place of another record, so that no number is missing. */
function cpuOf(record: Record): Record["body"] {
  return { case: "event", value: { $typeName: "salvo.v1.RunEvent", kind: 1, participant: "", text: `${record.seq}` } };
}

const diesAt =
  (tick: number): Edit =>
  (record, agent) => {
    const { body } = record;
    const at = body.case === "cpu" || body.case === "disk" || body.case === "net" ? body.value.tick : Infinity;
    return agent === "target" && record.seq > 3 && at > tick ? undefined : record;
  };

test("a lost observer degrades a run, or is a note in it, as the lab says; the totals stay", () => {
  const facts = { lost: ["target"] };
  const { totals } = conclude(observed(DEGRADE)).summary;
  const degraded = conclude(observed(DEGRADE), diesAt(4), facts);
  expect(degraded.summary).toMatchObject({
    verdict: "degraded",
    reason: "observers were lost in mid-run: target",
    totals,
  });
  expect(degraded.notes).toEqual(["samples of target end at tick 4"]);
  const noted = conclude(observed(NOTE), diesAt(4), facts);
  expect(noted.summary).toMatchObject({ verdict: "complete", totals });
  expect(noted.notes).toEqual(["samples of target end at tick 4"]);
});

test("an observer that never took a sample is told of", () => {
  const { summary, notes } = conclude(observed(NOTE), (record, agent) => (agent === "target" ? undefined : record), {
    lost: ["target"],
  });
  expect(summary.verdict).toBe("complete");
  expect(notes).toEqual(["there are no samples of target"]);
});

test("an observer that failed did not fail fio, and one that was ended did not end the run", () => {
  for (const outcome of [Outcome.FAILED, Outcome.INTERRUPTED, Outcome.ABORTED]) {
    const ends: Edit = (record, agent) => {
      if (agent === "target" && record.body.case === "end") record.body.value.outcome = outcome;
      return record;
    };
    const { summary } = conclude(observed(DEGRADE), ends, { lost: ["target"] });
    expect(summary).toMatchObject({ verdict: "degraded", reason: "observers were lost in mid-run: target" });
  }
});

test("an observer that failed in a run that was aborted is not why the run ended", () => {
  const fails: Edit = (record, agent) => {
    if (agent === "target" && record.body.case === "end") record.body.value.outcome = Outcome.FAILED;
    return record;
  };
  const { summary } = conclude(observed(DEGRADE), fails, { aborted: "stopped by Ctrl-C" });
  expect(summary).toMatchObject({ verdict: "aborted", reason: "stopped by Ctrl-C" });
});

test("records that are missing of an observer make a run incomplete, unless the lab only notes its loss", () => {
  const gap: Edit = (record, agent) => (agent === "target" && record.seq === 4 ? undefined : record);
  expect(conclude(observed(DEGRADE), gap).summary).toMatchObject({
    verdict: "incomplete",
    reason: "records of target are missing",
  });
  const noted = conclude(observed(NOTE), gap);
  expect(noted.summary).toMatchObject({ verdict: "complete", samples: { missing: 1 } });
  expect(noted.notes).toEqual(["records of the observer target are missing"]);
});

test("an observer that is busy is no load generator, but may be what was measured", () => {
  const busy: Edit = (record, agent) => {
    if (agent === "target" && record.body.case === "cpu")
      for (const core of record.body.value.cores) core.softirqMs += core.idleMs * 20;
    return record;
  };
  expect(conclude(observed(DEGRADE), busy).notes).toEqual([
    expect.stringMatching(/^target was 9\d % busy on all its cores: it may be what limited the participants$/),
  ]);
});

/** Takes the places of the two first and the last event of an agent. */
const withHostClocks =
  (of: string, before: bigint, after: bigint, boundNs = 700_000n): Edit =>
  (record, agent) => {
    const { body, seq, atNs } = record;
    if (agent !== of) return record;
    const clock = (offsetNs: bigint) =>
      create(HostClockSchema, { atNs, offsetNs, boundNs, pings: 64, rttNs: 2n * boundNs });
    if (seq === 1) record.body = { case: "hostClock", value: clock(before) };
    else if (body.case === "event" && body.value.text === "exit code 0")
      record.body = { case: "hostClock", value: clock(after) };
    else if (agent === "target" && body.case === "cpu" && body.value.tick === 7)
      record.body = { case: "hostClock", value: clock(after) };
    return record;
  };

test("the clock of a host that an agent samples is archived, and its bound is added to the agent's own", () => {
  const { summary, hostClocks, participants } = conclude(observed(DEGRADE), withHostClocks("vm1", 5n, 9n));
  expect(hostClocks).toMatchObject([{ agent: "vm1", before: { offsetNs: 5n }, after: { offsetNs: 9n } }]);
  expect(summary).toMatchObject({ clockBoundUs: expect.closeTo(740, 1), verdict: "complete" });
  const plain = conclude(observed(DEGRADE)).participants;
  expect(plain[0]!.firstIoEarliestNs - participants[0]!.firstIoEarliestNs).toBe(700_000n);
  expect(participants[0]!.firstIoLatestNs - plain[0]!.firstIoLatestNs).toBe(700_000n);
  expect(participants[2]).toEqual(plain[2]);
});

test("a bad bound of a participant's host degrades the run; of an observer's it is a note", () => {
  expect(conclude(observed(DEGRADE), withHostClocks("vm1", 0n, 0n, 4_970_000n)).summary).toMatchObject({
    verdict: "degraded",
    reason: expect.stringMatching(/^the clock of the host that vm1 samples is known only to 5.0 ms/),
  });
  const { summary, notes } = conclude(observed(DEGRADE), withHostClocks("target", 0n, 0n, 9_000_000n));
  expect(summary).toMatchObject({ clockBoundUs: 40 });
  expect(notes).toContain("samples of the observer target are placed to 9.0 ms only");
});

test("readings are placed by the first estimate alone, so what the two clocks drifted apart is part of the bound", () => {
  const run = () => observed(DEGRADE, { ticks: 60 });
  const drifted = conclude(run(), withHostClocks("vm1", 0n, 6_000_000n));
  expect(drifted.summary).toMatchObject({ clockBoundUs: 6740, verdict: "degraded" });
  const withoutSecond: Edit = (record, agent) => {
    const { body } = withHostClocks("vm1", 0n, 0n)(record, agent) ?? record;
    if (body.case === "hostClock" && record.seq > 1) record.body = { ...cpuOf(record) };
    return record;
  };
  // 200 ppm of 62 s and of the 2 s before T0.
  const { summary } = conclude(run(), withoutSecond);
  expect(summary.verdict).toBe("degraded");
  expect(summary.clockBoundUs).toBeCloseTo(700 + 40 + 12_800, -2);
});

test("a host's clock that jumped in mid-run is judged as an agent's own", () => {
  const jumped = { verdict: "degraded", reason: "the clock jumped on vm1" };
  expect(conclude(observed(DEGRADE), withHostClocks("vm1", 0n, 20_000_000n)).summary).toMatchObject(jumped);
  const ofObserver = withHostClocks("target", 0n, 20_000_000n);
  expect(conclude(observed(NOTE), ofObserver).notes).toContain(
    "the clock jumped on the observer target: its samples cannot be placed",
  );
});
