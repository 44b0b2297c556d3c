/** An agent that takes part in a run without fio, and the platforms that can do no more: over its own socket, on this host's kernel. */
import { create } from "@bufbuild/protobuf";
import { HostSchema, RunPhase } from "@salvo/proto/agent_pb.ts";
import { Role } from "@salvo/proto/lab_pb.ts";
import { EventKind, Outcome, type Record as JournalEntry } from "@salvo/proto/telemetry_pb.ts";
import { toyRemote, TOY_AHEAD_NS } from "@salvo/shared/agent/toy-remote.fixture.ts";
import { TOY_STEP, toyWindows } from "@salvo/shared/agent/toy-windows.fixture.ts";
import { expect, test } from "vitest";
import { INTERVAL_MS, type TestAgent, testAgent, WORKLOAD } from "./agent.fixture.ts";
import { linuxPlatform } from "./platform.ts";

type Body = Exclude<JournalEntry["body"], { case: undefined }>;
type ValueOf<K extends Body["case"]> = { [Each in Body as Each["case"]]: Each["value"] }[K];

/** The records of one kind, in their order. */
function ofKind<K extends Body["case"]>(records: readonly JournalEntry[], kind: K): ValueOf<K>[] {
  // The case says which value it is.
  return records.flatMap(({ body }) => (body.case === kind ? [body.value as ValueOf<K>] : []));
}

const observe = { participants: [] };

async function run(agent: TestAgent, name: string, what: Parameters<TestAgent["arm"]>[1]): Promise<JournalEntry[]> {
  await agent.arm(name, what);
  await using watch = agent.watch(name);
  await watch.next();
  await agent.fire(name);
  await watch.until(({ phase }) => phase === RunPhase.ENDED);
  return agent.records(name);
}

/** That each sample tells of the time since the one before, from T0 on. */
function expectNoHole(samples: readonly { takenAtNs: bigint; sinceNs: bigint; gap: boolean }[]): void {
  for (const [index, { sinceNs, takenAtNs, gap }] of samples.entries()) {
    expect(gap).toBe(false);
    expect(takenAtNs).toBeGreaterThan(sinceNs);
    if (index > 0) expect(sinceNs).toBe(samples[index - 1]!.takenAtNs);
  }
}

test("an observer samples cores, interfaces and disks at every tick, and runs no fio", async () => {
  const { bootId, sampler } = linuxPlatform();
  const describeHost = async () => create(HostSchema, { name: "here" });
  await using agent = await testAgent({ platform: { bootId, describeHost, sampler } });
  expect((await agent.client.describe({}, { deadlineMs: 10_000 })).agent).toMatchObject({ roles: [] });
  await expect(agent.arm("run-1")).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringContaining("does not serve the role workload"),
  });

  const records = await run(agent, "run-1", observe);
  expect(records.at(-1)?.body).toMatchObject({ case: "end", value: { outcome: Outcome.FINISHED, reason: "" } });
  const kinds = new Set(records.map(({ body }) => body.case));
  expect(kinds).toEqual(new Set(["event", "cpu", "net", "disk", "end"]));
  expect(ofKind(records, "event").map(({ kind }) => kind)).toEqual([
    EventKind.ARMED,
    EventKind.FIRED,
    EventKind.RELEASED,
  ]);
  for (const kind of ["cpu", "net"] as const) {
    expect(ofKind(records, kind).map(({ tick }) => tick)).toEqual([1, 2]);
    expectNoHole(ofKind(records, kind));
  }
  const disks = ofKind(records, "disk");
  for (const disk of new Set(disks.map((each) => each.disk))) {
    const samples = disks.filter((each) => each.disk === disk);
    expect(samples.map(({ participant, tick }) => `${participant} ${tick}`)).toEqual([" 1", " 2"]);
    expectNoHole(samples);
  }
  const spent = ofKind(records, "cpu").flatMap(({ cores }) => cores.map(({ userMs, idleMs }) => userMs + idleMs));
  expect(Math.max(...spent)).toBeGreaterThan(INTERVAL_MS / 2);
  expect(agent.programs()).toEqual([]);
  expect(agent.logged).toEqual([]);
});

test("an observer is at one run at a time, disarms without a controller, and can be aborted", async () => {
  await using agent = await testAgent();
  expect(await agent.arm("run-1", observe)).toMatchObject({ phase: RunPhase.ARMED, started: false });
  await expect(agent.arm("run-2")).rejects.toMatchObject({ kind: "wrong-state" });
  await agent.watch("run-1")[Symbol.asyncDispose]();
  await using lost = agent.watch("run-1");
  await lost.next();
  expect(await agent.abort("run-1", "enough")).toMatchObject({ outcome: Outcome.ABORTED, started: false });

  await agent.arm("run-2", { ...observe, workload: { ...WORKLOAD, durationMs: 60_000 } });
  await using watch = agent.watch("run-2");
  await watch.next();
  await agent.fire("run-2");
  await watch.until(({ tick }) => tick >= 1);
  const ended = { phase: RunPhase.ENDED, outcome: Outcome.ABORTED, reason: "seen enough", started: true };
  expect(await agent.abort("run-2", "seen enough")).toMatchObject(ended);
});

test("a participant's agent samples interfaces too, and names the disk", async () => {
  await using agent = await testAgent();
  const records = await run(agent, "run-1", {});
  for (const kind of ["cpu", "net"] as const) {
    expect(ofKind(records, kind).map(({ tick }) => tick)).toEqual([1, 2]);
    expectNoHole(ofKind(records, kind));
  }
  for (const { participant, disk, commands } of ofKind(records, "disk"))
    expect({ participant, disk, commands }).toEqual({
      participant: "p1",
      disk: expect.stringMatching(/./),
      commands: 0,
    });
});

test("an agent of a platform like Windows holds fio at a pipe, and samples from its table", async () => {
  await using agent = await testAgent({ platform: toyWindows() });
  expect((await agent.client.describe({}, { deadlineMs: 10_000 })).agent?.roles).toEqual([Role.WORKLOAD]);
  const records = await run(agent, "run-1", {});
  expect(records.at(-1)?.body).toMatchObject({ case: "end", value: { outcome: Outcome.FINISHED } });
  expect(ofKind(records, "fio").map(({ tick, stalled }) => [tick, stalled])).toEqual([
    [1, false],
    [2, false],
  ]);
  expect(ofKind(records, "start")).toHaveLength(1);
  expect(ofKind(records, "net")).toEqual([]); // it has no counters of interfaces
  expect(ofKind(records, "cpu").map(({ cores }) => cores[0]?.userMs)).toEqual([TOY_STEP, TOY_STEP]);
  expect(ofKind(records, "disk")).toMatchObject([{ participant: "p1", disk: "disk0", reads: TOY_STEP }, { tick: 2 }]);

  await agent.arm("run-2", { workload: { ...WORKLOAD, durationMs: 60_000 } });
  expect(await agent.abort("run-2", "enough")).toMatchObject({ outcome: Outcome.ABORTED, started: false });
  expect(agent.programs()).toEqual([]);
  expect(agent.logged).toEqual([]);
});

const SIX_TICKS = { ...observe, workload: { ...WORKLOAD, durationMs: 6 * INTERVAL_MS } };

test("an agent that samples another host tells its readings by its own clock, and where there were none", async () => {
  const remote = toyRemote();
  remote.silentMs = 3 * INTERVAL_MS;
  await using agent = await testAgent({ platform: remote.platform });
  expect((await agent.client.describe({}, { deadlineMs: 10_000 })).agent?.roles).toEqual([]);
  const records = await run(agent, "run-1", SIX_TICKS);
  expect(records.at(-1)?.body).toMatchObject({ case: "end", value: { outcome: Outcome.FINISHED } });

  const cases = records.map(({ body }) => body.case);
  expect(cases.indexOf("hostClock")).toBeLessThan(cases.indexOf("cpu"));
  expect(cases.slice(-2)).toEqual(["hostClock", "end"]);
  const clocks = ofKind(records, "hostClock");
  expect(clocks).toHaveLength(2);
  for (const { offsetNs, boundNs, rttNs, pings } of clocks) {
    const wrongByNs = offsetNs - TOY_AHEAD_NS;
    expect(wrongByNs < 0n ? -wrongByNs : wrongByNs).toBeLessThanOrEqual(boundNs);
    expect(boundNs).toBeLessThanOrEqual(rttNs);
    expect(pings).toBeGreaterThanOrEqual(64);
  }

  const samples = ofKind(records, "cpu");
  expect(samples.map(({ tick }) => tick)).toEqual([1, 2, 3, 4, 5, 6]);
  const gaps = samples.filter(({ gap }) => gap);
  expect(gaps.length).toBeGreaterThanOrEqual(1);
  const counted = samples.filter(({ gap }) => !gap);
  expectNoHole(counted);
  for (const { sinceNs, cores } of gaps) {
    expect(cores).toEqual([]);
    expect(counted.map(({ takenAtNs }) => takenAtNs)).toContain(sinceNs);
  }
  const times = records.map(({ atNs }) => atNs);
  for (const { takenAtNs, sinceNs, cores } of counted) {
    const passedMs = Number(takenAtNs - sinceNs) / 1e6;
    expect(Math.abs((cores[0]?.userMs ?? 0) - passedMs / 4)).toBeLessThanOrEqual(1);
    expect(takenAtNs).toBeGreaterThan(times[0]!);
    expect(takenAtNs).toBeLessThan(times.at(-1)!);
  }
  const longestMs = Math.max(...counted.map(({ takenAtNs, sinceNs }) => Number(takenAtNs - sinceNs) / 1e6));
  expect(longestMs).toBeGreaterThan(2 * INTERVAL_MS); // what happened in the silence is not lost
  expect(agent.logged).toEqual([]);
});

test("a host whose clock cannot be read after the last tick has one estimate, and the journal says why", async () => {
  const remote = toyRemote();
  await using agent = await testAgent({ platform: remote.platform });
  await agent.arm("run-1", observe);
  remote.clockIsGone = true;
  await using watch = agent.watch("run-1");
  await watch.next();
  await agent.fire("run-1");
  await watch.until(({ phase }) => phase === RunPhase.ENDED);
  const records = await agent.records("run-1");
  expect(ofKind(records, "hostClock")).toHaveLength(1);
  expect(ofKind(records, "event").at(-1)).toMatchObject({
    kind: EventKind.WARNING,
    text: expect.stringContaining("after the last tick the clock of the sampled host cannot be read"),
  });
  expect(records.at(-1)?.body).toMatchObject({ case: "end", value: { outcome: Outcome.FINISHED } });
});

test("a host whose clock cannot be read at all is not armed", async () => {
  const remote = toyRemote();
  const { hostClock: _, ...rest } = remote.platform;
  const hostClock = { ask: () => Promise.reject(new Error("no route to host")) };
  await using agent = await testAgent({ platform: { ...rest, hostClock } });
  await expect(agent.arm("run-1", observe)).rejects.toThrow(
    "the clock of the sampled host cannot be read: no route to host",
  );
  expect(await agent.status("run-1")).toMatchObject({ phase: RunPhase.ENDED, outcome: Outcome.ABORTED });
});
