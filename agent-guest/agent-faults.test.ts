/** An agent whose fio, caller or own process fails it. */
import { RunPhase } from "@salvo/proto/agent_pb.ts";
import { Outcome } from "@salvo/proto/telemetry_pb.ts";
import { Engine } from "@salvo/proto/workload_pb.ts";
import { expect, test, vi } from "vitest";
import { testAgent, WORKLOAD } from "./agent.fixture.ts";

const VERSION_OR = 'if [ "$1" = --version ]; then echo fio-3.33; exit; fi';

test("a caller that gives up arming leaves no fio behind", async () => {
  await using agent = await testAgent({ fioScript: `${VERSION_OR}; exec sleep 600` });
  const giveUp = new AbortController();
  const arming = agent.arm("run-1", { signal: giveUp.signal });
  await vi.waitUntil(() => agent.programs().length > 0, { timeout: 10_000 });
  giveUp.abort();
  await expect(arming).rejects.toMatchObject({ kind: "cancelled" });
  await vi.waitUntil(async () => (await agent.status("run-1"))?.phase === RunPhase.ENDED, { timeout: 10_000 });
  expect(await agent.status("run-1")).toMatchObject({
    outcome: Outcome.ABORTED,
    reason: "the controller gave up arming",
    started: false,
  });
  expect(agent.programs()).toEqual([]);
});

test("a fio that fails before the gate fails Arm with its own words, and ends the run once", async () => {
  await using agent = await testAgent({ fioScript: `${VERSION_OR}; echo "fio: no such engine" >&2; exit 3` });
  await expect(agent.arm("run-1")).rejects.toMatchObject({
    kind: "program-failed",
    message: "p1: fio exited with 3: fio: no such engine",
  });
  expect(await agent.status("run-1")).toMatchObject({ phase: RunPhase.ENDED, outcome: Outcome.FAILED });
  const ends = (await agent.records("run-1")).filter(({ body }) => body.case === "end");
  expect(ends).toHaveLength(1);
  expect(agent.logged).toEqual([]);
});

test("one job that cannot be set up ends arming at once, while the others wait, with fio's words and a remedy", async () => {
  // A ring is a file: there are enough for some of the jobs.
  await using agent = await testAgent({ fioScript: `ulimit -n 16; exec fio "$@"` });
  const workload = { ...WORKLOAD, jobs: 20, engine: Engine.IO_URING };
  await expect(agent.arm("run-1", { workload })).rejects.toMatchObject({
    kind: "program-failed",
    message: expect.stringMatching(
      /^p1: a job failed before its gate: fio: pid=\d+, err=24\/.*Too many open files\. Raise .*: ulimit -n/,
    ),
  });
  expect(await agent.status("run-1")).toMatchObject({ phase: RunPhase.ENDED, outcome: Outcome.FAILED });
  expect(agent.programs()).toEqual([]);
});

test("a job that fails when its gate is open is no failure to be set up", async () => {
  await using agent = await testAgent({ fioScript: `ulimit -n 16; exec fio "$@"` });
  await agent.arm("run-1", { workload: { ...WORKLOAD, jobs: 20, engine: Engine.PSYNC } });
  await using watch = agent.watch("run-1");
  await watch.next();
  await agent.fire("run-1");
  const { reason } = await watch.until(({ phase }) => phase === RunPhase.ENDED);
  expect(reason).toMatch(/^p1: fio exited with 10: .*openfiles/);
  expect(reason).not.toContain("before its gate");
});

test("a fio that is missing fails Arm and says what to do; Describe tells of it before", async () => {
  await using agent = await testAgent({ fioScript: "exit 127" });
  const { agent: description } = await agent.client.describe({}, { deadlineMs: 10_000 });
  expect(description?.fio).toMatchObject({
    version: "",
    problem: expect.stringContaining("--version failed (exit code 127: nothing on standard error)"),
  });
  await expect(agent.arm("run-1")).rejects.toMatchObject({ message: expect.stringContaining("fio exited with 127") });
});

test("an agent that is stopped ends its fio, and its next life still has the run's end", async () => {
  await using agent = await testAgent();
  await agent.arm("run-1");
  expect(agent.programs().length).toBeGreaterThan(0);
  await agent.restart();
  expect(agent.programs()).toEqual([]);
  expect(await agent.status("run-1")).toMatchObject({
    phase: RunPhase.ENDED,
    outcome: Outcome.ABORTED,
    reason: "agent guest1 was stopped",
  });
  expect((await agent.records("run-1")).at(-1)?.body.case).toBe("end");
});

test("a fio that hangs does not answer dumps: its ticks are there, marked as stalled", async () => {
  // Parks like fio's jobs do, ignores SIGUSR1, and goes on for ever.
  const park = `line=$(sed -n "s/^exec_prerun=//p" "$3"); trap "" USR1; sh -c "$line" && sh -c "$line"; exec sleep 600`;
  await using agent = await testAgent({ fioScript: `${VERSION_OR}; ${park}` });
  const arming = agent.arm("run-1", { workload: { ...WORKLOAD, jobs: 1, durationMs: 2_000 } });
  await arming;
  await using watch = agent.watch("run-1");
  await watch.next();
  await agent.fire("run-1");
  await watch.until(({ phase }) => phase === RunPhase.ENDING);
  await agent.abort("run-1", "seen enough");
  const samples = (await agent.records("run-1")).flatMap(({ body }) => (body.case === "fio" ? [body.value] : []));
  expect(samples.slice(0, 3).map(({ tick, stalled }) => [tick, stalled])).toEqual(
    [1, 2, 3].map((tick) => [tick, true]),
  );
  expect(agent.programs()).toEqual([]);
});
