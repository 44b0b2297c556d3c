/** What an agent answers, over its own socket and with fio at its gates. */
import { RunPhase } from "@salvo/proto/agent_pb.ts";
import { EventKind, Outcome } from "@salvo/proto/telemetry_pb.ts";
import { Engine, Pattern } from "@salvo/proto/workload_pb.ts";
import { existsSync } from "node:fs";
import { readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@salvo/shared/kernel/time.ts";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { INTERVAL_MS, NO_HASH, NONCE, type TestAgent, testAgent, WORKLOAD } from "./agent.fixture.ts";

let agent: TestAgent;
let runs = 0;
let run = "";
beforeAll(async () => {
  agent = await testAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());
/** Every test has a run of its own, and leaves the agent with none. */
afterEach(async () => {
  for (const held of (await agent.client.describe({}, { deadlineMs: 10_000 })).runs) {
    await agent.abort(held.run, "the test is over");
    await agent.client.release({ run: held.run }, { deadlineMs: 10_000 });
  }
  expect(agent.programs()).toEqual([]);
});

function nextRun(): string {
  run = `run-${++runs}`;
  return run;
}

/** Watches it first: a run that nobody watches is not started. */
async function fired(more: { readonly nonce?: string } = {}) {
  const watch = agent.watch(run);
  await watch.next();
  await agent.fire(run, more);
  return watch;
}

test("a run goes through all its phases, keeps its records, and is gone when it is released", async () => {
  const armed = await agent.arm(nextRun(), {
    participants: [
      { id: "p1", device: "disk1" },
      { id: "p2", device: "disk2" },
    ],
  });
  expect(armed).toMatchObject({ run, phase: RunPhase.ARMED, outcome: Outcome.UNSPECIFIED, started: false });
  await using watch = await fired();
  const phases = new Set<RunPhase>();
  const ended = await watch.until(({ phase }) => phases.add(phase).has(RunPhase.ENDED));
  expect(phases).toEqual(new Set([RunPhase.COMMITTED, RunPhase.RUNNING, RunPhase.ENDING, RunPhase.ENDED]));
  expect(ended).toMatchObject({ outcome: Outcome.FINISHED, reason: "", tick: 0, started: true });
  await expect(watch.next()).rejects.toThrow("the watch is over");

  const records = await agent.records(run);
  expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index + 1));
  expect(records.at(-1)?.body).toMatchObject({ case: "end", value: { outcome: Outcome.FINISHED } });
  const samples = records.flatMap(({ body }) =>
    body.case === "fio" ? [`${body.value.participant} ${body.value.tick}`] : [],
  );
  expect(samples.toSorted()).toEqual(["p1 1", "p1 2", "p2 1", "p2 2"]);
  for (const kind of ["start", "final"]) expect(records.filter(({ body }) => body.case === kind)).toHaveLength(2);

  await agent.client.release({ run }, { deadlineMs: 5_000 });
  expect(await agent.status(run)).toBeUndefined();
  expect(existsSync(join(agent.folder, "data/runs", run))).toBe(false);
});

test("while a run is active another one is refused, by the name of the first", async () => {
  const [one, two] = [nextRun(), nextRun()];
  const answers = await Promise.allSettled([agent.arm(one), agent.arm(two)]);
  expect(answers.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  await expect(agent.arm(nextRun())).rejects.toMatchObject({
    kind: "wrong-state",
    message: expect.stringMatching(/guest1 is in use by run run-\d+/),
  });
});

test("a run that it has never heard of is not found, and need not be released", async () => {
  const unknown = { kind: "not-found", message: expect.stringContaining("guest1 has no run run-x") };
  await expect(agent.fire("run-x")).rejects.toMatchObject(unknown);
  await expect(agent.abort("run-x", "")).rejects.toMatchObject(unknown);
  await expect(agent.watch("run-x").next()).rejects.toMatchObject(unknown);
  await expect(agent.client.collect({ run: "run-x" }).next()).rejects.toMatchObject(unknown);
  await agent.client.release({ run: "run-x" }, { deadlineMs: 5_000 });
});

test("what is wrong with a request is said before anything is started", async () => {
  await expect(agent.arm(nextRun(), { participants: [{ id: "p1", device: "sda" }] })).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringContaining("device sda is not listed"),
    remedy: expect.stringContaining("disk1, disk2"),
  });
  await expect(agent.arm(run, { workload: { ...WORKLOAD, durationMs: 1_250 } })).rejects.toMatchObject({
    kind: "invalid-input",
    message: expect.stringContaining("duration 1250 ms is not a multiple of 500 ms"),
  });
  await expect(agent.arm("../run")).rejects.toMatchObject({ kind: "invalid-input" });
  await agent.arm(run); // nothing was left behind
  await expect(agent.fire(run, { nonce: "short" })).rejects.toMatchObject({ kind: "invalid-input" });
});

test("what was planned for another device, or is another plan, is neither armed nor fired", async () => {
  const stale = agent.arm(nextRun(), { planned: { disk1: NO_HASH } });
  await expect(stale).rejects.toThrow(/device disk1 is not what the run was planned for.*\[plan-hash\]/);
  const { agent: described } = await agent.client.describe({}, { deadlineMs: 10_000 });
  const deviceHash = described?.deviceHashes["disk1"] ?? "";
  const participants = [{ id: "p1", device: "disk1", deviceHash }];
  const request = { run: "altered", workload: WORKLOAD, intervalMs: INTERVAL_MS, participants, planHash: NO_HASH };
  await expect(agent.client.arm(request, { deadlineMs: 10_000 })).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringMatching(/^run altered: workload null .* not what was planned \[plan-hash\]/),
  });
  await agent.arm(nextRun());
  await using watch = agent.watch(run);
  await watch.next();
  await expect(agent.fire(run, { planHash: NO_HASH })).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringMatching(/armed with another plan .*\[plan-hash\]/),
  });
  expect(await agent.status(run)).toMatchObject({ phase: RunPhase.ARMED });
  expect(await agent.fire(run)).toMatchObject({ phase: RunPhase.COMMITTED });
});

test("what is put in a device's place between arming and T0 is not written to", async () => {
  const [device, precious, text] = [join(agent.folder, "disk1"), join(agent.folder, "precious"), "p".repeat(65_536)];
  await writeFile(precious, text);
  await agent.arm(nextRun(), {
    workload: { ...WORKLOAD, engine: Engine.LIBAIO, pattern: Pattern.RANDWRITE, direct: true },
  });
  const before = await readFile(device);
  await rename(device, `${device}.away`);
  await symlink(precious, device);
  await using watch = await fired();
  const ended = await watch.until(({ phase }) => phase === RunPhase.ENDED);
  expect(ended).toMatchObject({ outcome: Outcome.FINISHED, reason: "" });
  expect(await readFile(precious, "utf8")).toBe(text);
  expect((await readFile(`${device}.away`)).equals(before)).toBe(false);
  await rename(`${device}.away`, device);
});

test("nothing is fired that nobody watches, or too late to be on time", async () => {
  await agent.arm(nextRun());
  await expect(agent.fire(run)).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringContaining(`${run} is not watched`),
  });
  await using watch = agent.watch(run);
  await watch.next();
  await expect(agent.fire(run, { t0Ns: systemClock.now() + 50_000_000n })).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringMatching(/T0 of run .* is only .* ms away/),
  });
  expect(await agent.status(run)).toMatchObject({ phase: RunPhase.ARMED });
});

test("the same nonce may come again and opens once; another one is refused, also after the end", async () => {
  await agent.arm(nextRun());
  await using watch = await fired();
  expect(await agent.fire(run)).toMatchObject({ phase: RunPhase.COMMITTED });
  await expect(agent.fire(run, { nonce: `${NONCE}-2` })).rejects.toMatchObject({
    kind: "wrong-state",
    message: expect.stringContaining("was fired before"),
  });
  await watch.until(({ phase }) => phase === RunPhase.ENDED);
  await expect(agent.fire(run)).rejects.toMatchObject({ kind: "wrong-state" });
  const said = (await agent.records(run)).flatMap(({ body }) => (body.case === "event" ? [body.value.kind] : []));
  expect(said).toEqual([EventKind.ARMED, EventKind.FIRED, EventKind.RELEASED, EventKind.EXITED]);
});

test("an abort in mid-run ends fio before it answers; a second one is told how the run ended", async () => {
  await agent.arm(nextRun(), { workload: { ...WORKLOAD, durationMs: 60_000 } });
  await using watch = await fired();
  await watch.until(({ tick }) => tick >= 1);
  const [first, second] = await Promise.all([agent.abort(run, "enough"), agent.abort(run, "really")]);
  const ended = { phase: RunPhase.ENDED, outcome: Outcome.ABORTED, reason: "enough", started: true };
  expect(first).toMatchObject(ended);
  expect(second).toMatchObject(ended);
  expect(agent.programs()).toEqual([]);
  expect(await agent.abort(run, "once more")).toMatchObject(ended);
  expect((await agent.records(run)).at(-1)?.body).toMatchObject({ case: "end", value: { reason: "enough" } });
});

test("an active run cannot be released, a released one can again, and its name is free then", async () => {
  await agent.arm(nextRun());
  await expect(agent.client.release({ run }, { deadlineMs: 5_000 })).rejects.toMatchObject({
    kind: "wrong-state",
    message: `run ${run} has not ended`,
  });
  await agent.abort(run, "");
  await expect(agent.arm(run)).rejects.toMatchObject({ kind: "wrong-state", message: `run ${run} was here before` });
  await agent.client.release({ run }, { deadlineMs: 5_000 });
  await agent.client.release({ run }, { deadlineMs: 5_000 });
  expect(await agent.arm(run)).toMatchObject({ phase: RunPhase.ARMED });
});

test("records are collected by ranges; what lies outside of the journal is left out", async () => {
  await agent.arm(nextRun());
  await agent.abort(run, "");
  const { lastSeq } = (await agent.status(run))!;
  const all = await agent.records(run);
  expect(all.length).toBe(lastSeq);
  expect(lastSeq).toBeGreaterThan(3);

  const collect = async (...ranges: { first: number; last: number }[]) => {
    const found: Uint8Array[] = [];
    for await (const { records } of agent.client.collect({ run, ranges })) found.push(...records);
    return found.length;
  };
  expect(await collect()).toBe(0);
  expect(await collect({ first: 2, last: 3 })).toBe(2);
  expect(await collect({ first: 0, last: 1 }, { first: lastSeq, last: 4_294_967_295 })).toBe(2);
  expect(await collect({ first: lastSeq + 1, last: lastSeq + 9 }, { first: 3, last: 2 })).toBe(0);
});

test("a watch is heard from when nothing happens; the run ends with the last watch before T0", async () => {
  await agent.arm(nextRun());
  const [one, two] = [agent.watch(run), agent.watch(run)];
  await one.next();
  await two.next();
  await one[Symbol.asyncDispose]();
  for (let heard = 0; heard < 3; heard++) expect(await two.next()).toMatchObject({ phase: RunPhase.ARMED });
  await two[Symbol.asyncDispose]();
  const ended = await vi.waitUntil(
    async () => (await agent.status(run))?.phase === RunPhase.ENDED && agent.status(run),
    { timeout: 10_000 },
  );
  expect(ended).toMatchObject({ outcome: Outcome.ABORTED, reason: "the controller went away before T0" });
});

test("a watch is told at once what is new, and once a second otherwise: not every tick", async () => {
  await agent.arm(nextRun(), { workload: { ...WORKLOAD, durationMs: 4_000 } }); // eight ticks
  await using watch = await fired();
  await watch.until(({ phase }) => phase === RunPhase.RUNNING);
  const since = performance.now();
  let repeated = 0;
  await watch.until(({ phase }) => {
    if (phase === RunPhase.RUNNING) repeated++;
    return phase === RunPhase.ENDED;
  });
  expect(repeated).toBeLessThanOrEqual((performance.now() - since) / 1_000);
});

test("no bug was logged in all of this", () => {
  expect(agent.logged).toEqual([]);
});
