import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { RunPhase } from "@salvo/proto/agent_pb.ts";
import { EventKind, Outcome, RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../kernel/time.ts";
import { type HeldRun, recoverRuns, runFolders } from "./held-runs.ts";

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "salvo-held-"));
});
afterEach(() => rm(dataDir, { recursive: true }));

type Body = NonNullable<MessageInitShape<typeof RecordSchema>["body"]>;

const said = (kind: EventKind): Body => ({ case: "event", value: { kind } });
const END: Body = { case: "end", value: { outcome: Outcome.FINISHED, reason: "" } };
const MEASURED = [
  said(EventKind.ARMED),
  said(EventKind.FIRED),
  said(EventKind.RELEASED),
  { case: "cpu", value: { tick: 1 } },
] as const;

/** Leaves a run as an agent would that died after these records; gives the path of its journal. */
async function leave(run: string, bodies: readonly Body[]): Promise<string> {
  const { journal } = await runFolders(dataDir).create(run);
  for (const [index, body] of bodies.entries())
    journal.append(toBinary(RecordSchema, create(RecordSchema, { seq: index + 1, atNs: 1n, body })));
  await journal.close();
  return journal.path;
}

async function recover(): Promise<Map<string, HeldRun>> {
  const held = await recoverRuns(dataDir, systemClock);
  for (const { journal } of held.values()) await journal.close();
  return held;
}

test("a run that came to its end is held as it ended, and not touched", async () => {
  const path = await leave("run-1", [...MEASURED, END]);
  const before = await readFile(path);
  expect((await recover()).get("run-1")?.status).toMatchObject({
    run: "run-1",
    phase: RunPhase.ENDED,
    outcome: Outcome.FINISHED,
    reason: "",
    started: true,
    lastSeq: 5,
  });
  expect((await readFile(path)).equals(before)).toBe(true);
});

test("a run that was cut off gets an end that says so, once", async () => {
  await leave("run-1", MEASURED);
  const interrupted = {
    outcome: Outcome.INTERRUPTED,
    reason: "the agent was ended in the middle of the run",
    started: true,
    lastSeq: 5,
  };
  expect((await recover()).get("run-1")?.status).toMatchObject(interrupted);
  expect((await recover()).get("run-1")?.status).toMatchObject(interrupted);

  const held = await recoverRuns(dataDir, systemClock);
  const { journal } = held.get("run-1")!;
  const [last] = await journal.read(5, 5);
  expect(fromBinary(RecordSchema, last!.payload)).toMatchObject({ seq: 5, body: { case: "end" } });
  await journal.close();
});

test("whatever the cut has left of the last record, all before it is kept and numbered on", async () => {
  const path = await leave("run-1", MEASURED);
  const whole = await readFile(path);
  const { size: three } = await stat(await leave("run-2", MEASURED.slice(0, 3)));
  for (const size of [three, three + 1, three + 9, whole.length - 1]) {
    await writeFile(path, whole.subarray(0, size));
    const status = (await recover()).get("run-1")?.status;
    expect(status, `cut at byte ${size}`).toMatchObject({ outcome: Outcome.INTERRUPTED, started: true, lastSeq: 4 });
  }
});

test("a run that was cut off before its gates opened has not started", async () => {
  await leave("armed", MEASURED.slice(0, 1));
  await leave("fired", MEASURED.slice(0, 2));
  await leave("empty", []);
  const held = await recover();
  expect([...held.keys()].toSorted()).toEqual(["armed", "empty", "fired"]);
  for (const { status } of held.values())
    expect(status).toMatchObject({ started: false, outcome: Outcome.INTERRUPTED });
});

test("a folder without a journal, from a death between two steps, is a run that never began", async () => {
  const path = await leave("run-1", []);
  await rm(path);
  expect((await recover()).get("run-1")?.status).toMatchObject({ started: false, lastSeq: 1 });
});

test("the first start of an agent finds nothing", async () => {
  expect((await recover()).size).toBe(0);
});

test("a run has its folder to itself; after its removal the name is free", async () => {
  const folders = runFolders(dataDir);
  const { folder, journal } = await folders.create("run-1");
  await expect(folders.create("run-1")).rejects.toMatchObject({
    kind: "wrong-state",
    message: "run run-1 was here before",
  });
  await journal.close();
  await folders.remove("run-1");
  await folders.remove("run-1");
  expect(existsSync(folder)).toBe(false);
  await (await folders.create("run-1")).journal.close();
});
