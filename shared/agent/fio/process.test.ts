import { create } from "@bufbuild/protobuf";
import type { FioSample } from "@salvo/proto/telemetry_pb.ts";
import { Engine, Pattern, WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import { execFileSync } from "node:child_process";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LINUX } from "../../fio/system.ts";
import { msToNs } from "../../kernel/time.ts";
import { fioRuntimeMs, type RunPlan } from "../domain/run-plan.ts";
import { LINUX_LEAD } from "../run/lead.ts";
import { type FioPlace, startFio } from "./process.ts";

const workload = create(WorkloadSchema, {
  name: "w",
  pattern: Pattern.RANDREAD,
  blockSizeBytes: 4096n,
  jobs: 1,
  queueDepth: 1,
  durationMs: 1000,
  engine: Engine.PSYNC,
});
const plan: RunPlan = {
  run: "r",
  participants: [{ id: "p", device: "d", deviceHash: "" }],
  workload,
  intervalMs: 1000,
  ticks: 1,
  hash: "",
};
const overMs = fioRuntimeMs(workload);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-fio-process-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A program that prints what the test lets it, on a clock that the test sets; released at 0. */
async function fioThatPrints() {
  const fioPath = join(folder, "fio");
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  await writeFile(fioPath, `#!/bin/sh\nexec cat ${pipe}\n`, { mode: 0o755 });
  const samples: FioSample[] = [];
  let nowMs = 0;
  const fio = await startFio("p", plan, {
    fioPath,
    folder: join(folder, "p"),
    device: { path: join(folder, "file"), sizeBytes: 1_048_576n, reservedBytes: 0n },
    workloads,
    clock: { now: () => msToNs(nowMs), wall: () => 0n },
    onParked: () => undefined,
    onSample: (sample) => samples.push(sample),
  });
  fio.prepareToOpen(0n);
  fio.open();
  const out = await open(pipe, "w");
  return {
    fio,
    samples,
    out,
    setNow: (ms: number) => (nowMs = ms),
  };
}

/** No gate, and nothing that hears a signal. */
const workloads: FioPlace["workloads"] = {
  openGate: async () => ({ command: "true", parked: nobody(), allow() {}, open() {}, close() {} }),
  system: LINUX,
  timing: { stampLagNs: 0n, lead: LINUX_LEAD },
  environmentOf: () => ({}),
  requestDump() {},
  endFio: (fio) => void fio.kill(),
};

async function* nobody(): AsyncGenerator<void> {}

function document(ios: number, timestampMs: number): string {
  const lat = { N: ios, bins: { 100: ios } };
  const none = { runtime: 0, io_bytes: 0, lat_ns: { N: 0 } };
  const read = { runtime: timestampMs, io_bytes: ios, lat_ns: lat };
  return JSON.stringify({ timestamp_ms: timestampMs, jobs: [{ error: 0, read, write: none }] });
}

test("the last tick's answer that comes past fio's planned end counts, and fio's result is no answer", async () => {
  const { fio, samples, out, setNow } = await fioThatPrints();
  setNow(1000);
  fio.ask(1);
  setNow(overMs + 40);
  await out.write(`${document(7, overMs + 30)}\n${document(9, overMs + 35)}\n`);
  await out.close();
  const { problem, final } = await fio.ended;
  expect(samples).toMatchObject([{ tick: 1, stalled: false, read: { ios: 7 }, countedAtNs: msToNs(overMs) }]);
  expect(JSON.parse(final!.json).jobs[0].read.io_bytes).toBe(9);
  expect(problem).toBe("");
});

test("fio's result alone answers nothing, even when an answer is owed", async () => {
  const { fio, samples, out, setNow } = await fioThatPrints();
  setNow(1000);
  fio.ask(1);
  setNow(overMs + 40);
  await out.write(`${document(9, overMs + 35)}\n`);
  await out.close();
  await fio.ended;
  expect(samples).toMatchObject([{ tick: 1, stalled: true, read: { ios: 0 } }]);
});

test("an answer before the planned end is given out at once", async () => {
  const { fio, samples, out, setNow } = await fioThatPrints();
  setNow(1000);
  fio.ask(1);
  setNow(1200);
  await out.write(`${document(7, 1190)}\n`);
  await vi.waitUntil(() => samples.length > 0);
  expect(samples).toMatchObject([{ tick: 1, stalled: false, read: { ios: 7 } }]);
  setNow(overMs + 40);
  await out.write(`${document(9, overMs + 35)}\n`);
  await out.close();
  await fio.ended;
  expect(samples).toHaveLength(1);
});
