import type { FioSample } from "@salvo/proto/telemetry_pb.ts";
import { beforeEach, expect, test } from "vitest";
import { msToNs, type Nanos } from "../../kernel/time.ts";
import { createDumpDialogue, type DumpDialogue } from "./dump-dialogue.ts";

/** Where fio's wall clock has 0, on ours. */
const WALL_OFFSET_MS = -5_000_000;
/** When fio began its first job. */
const START_MS = 1000;

let nowMs: number;
let requests: number;
let samples: FioSample[];
let dialogue: DumpDialogue;
beforeEach(() => {
  nowMs = START_MS;
  requests = 0;
  samples = [];
  dialogue = createDumpDialogue({
    participant: "p",
    clock: { now: () => msToNs(nowMs), wall: () => 0n },
    request: () => requests++,
    onSample: (sample) => samples.push(sample),
  });
  dialogue.setWallOffset(msToNs(WALL_OFFSET_MS));
});

/** What fio prints that began with its answer at one instant, and had counted so many I/Os at another. */
function dump({ beganMs, gatheredMs, ios }: { beganMs: number; gatheredMs: number; ios: number }): string {
  const none = { runtime: 0, io_bytes: 0, lat_ns: { N: 0 } };
  const lat = ios === 0 ? { N: 0 } : { N: ios, bins: { 100: ios } };
  return JSON.stringify({
    timestamp_ms: Math.floor(gatheredMs - WALL_OFFSET_MS),
    jobs: [
      {
        error: 0,
        read: { runtime: Math.floor(beganMs - START_MS), io_bytes: ios * 4096, lat_ns: lat },
        write: none,
      },
    ],
  });
}

function ask(tick: number, atMs: number): void {
  nowMs = atMs;
  dialogue.ask(tick);
}

function answer(atMs: number, made: Parameters<typeof dump>[0]): void {
  nowMs = atMs;
  dialogue.take(dump(made));
}

const ms = (ns: Nanos) => Number(ns) / 1e6;

test("a sample says when its counts were gathered, however long fio took to answer", () => {
  ask(1, 2000);
  answer(2270, { beganMs: 2001, gatheredMs: 2260, ios: 126 });
  expect(samples).toMatchObject([{ tick: 1, takenAtNs: msToNs(2000), runtimeMs: 1001, read: { ios: 126 } }]);
  expect(ms(samples[0]!.countedAtNs)).toBeCloseTo(2260.5, 1);
});

test("the instant of the counts is never before the question, nor after the answer was received", () => {
  ask(1, 2000.7);
  answer(2000.9, { beganMs: 2000.75, gatheredMs: 2000.8, ios: 1 });
  const counted = ms(samples[0]!.countedAtNs);
  expect(counted).toBeGreaterThanOrEqual(2000.7);
  expect(counted).toBeLessThanOrEqual(2000.9);
});

test("when the wall clock was set, counts are of when they were received", () => {
  ask(1, 2000);
  answer(2004, { beganMs: 2001, gatheredMs: 2003 - 3_600_000, ios: 1 });
  ask(2, 3000);
  answer(3004, { beganMs: 3001, gatheredMs: 3003 + 60_000, ios: 2 });
  expect(samples.map(({ countedAtNs }) => ms(countedAtNs))).toEqual([2004, 3004]);
});

test("a tick that fio did not answer has no counts and no instant of them; the next answer has both ticks'", () => {
  ask(1, 2000);
  ask(2, 3000);
  answer(3010, { beganMs: 2001, gatheredMs: 3008, ios: 9 });
  expect(samples).toMatchObject([
    { tick: 1, stalled: true, countedAtNs: 0n },
    { tick: 2, stalled: false, read: { ios: 9 } },
  ]);
  expect(ms(samples[1]!.countedAtNs)).toBeCloseTo(3008.5, 1);
  expect(requests).toBe(1);
});

test("I/O that a late answer counts was done before fio's end", () => {
  ask(1, 2000);
  nowMs = 2500;
  const document = dump({ beganMs: 2001, gatheredMs: 2450, ios: 9 });
  dialogue.take(document, { receivedAtNs: msToNs(2460), ioUntilNs: msToNs(2300) });
  expect(samples[0]!.countedAtNs).toBe(msToNs(2300));
});

test("two answers to a repeated question, the second taken for the next tick's: the start is bounded truly", () => {
  ask(1, 2000);
  ask(2, 3000);
  ask(3, 4001); // 2 s without an answer: asks again
  expect(requests).toBe(2);
  answer(4500, { beganMs: 2001, gatheredMs: 4490, ios: 10 });
  ask(4, 5000);
  answer(5001, { beganMs: 4491, gatheredMs: 4995, ios: 12 }); // the second answer to tick 3
  answer(5004, { beganMs: 5001, gatheredMs: 5003, ios: 13 });
  expect(samples.map(({ tick, stalled }) => [tick, stalled])).toEqual([
    [1, true],
    [2, true],
    [3, false],
    [4, false],
  ]);
  const bounds = dialogue.startBounds()!;
  expect(ms(bounds.earliestNs)).toBeLessThanOrEqual(START_MS);
  expect(ms(bounds.latestNs)).toBeGreaterThanOrEqual(START_MS);
  ask(5, 6000);
  answer(6003, { beganMs: 6001, gatheredMs: 6002, ios: 20 });
  expect(samples.at(-1)).toMatchObject({ tick: 5, read: { ios: 8 } });
  expect(ms(dialogue.startBounds()!.earliestNs)).toBeGreaterThan(START_MS - 3);
});

test("what fio still owes at its end is stalled", () => {
  ask(1, 2000);
  dialogue.end();
  dialogue.end();
  expect(samples).toMatchObject([{ tick: 1, stalled: true }]);
});
