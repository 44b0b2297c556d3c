import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { RunPhase } from "@salvo/proto/agent_pb.ts";
import { EventKind, Outcome, RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../kernel/time.ts";
import { run } from "../../process/run.ts";
import { HELD_RUNS_MAX, type HeldRun, recoverRuns, runFolders } from "./held-runs.ts";

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

const logged: object[] = [];
const log = { warn: (fields: object | string) => void logged.push(Object(fields)) };

async function recover(): Promise<Map<string, HeldRun>> {
  const held = await recoverRuns(dataDir, systemClock, log);
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

  const held = await recoverRuns(dataDir, systemClock, log);
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
    // One that was cut within a record tells of it before its end.
    const lastSeq = size === three ? 4 : 5;
    expect(status, `cut at byte ${size}`).toMatchObject({ outcome: Outcome.INTERRUPTED, started: true, lastSeq });
  }
});

test("what was not whole at a journal's end is told in the log and in the run's own records", async () => {
  const path = await leave("run-1", MEASURED);
  await truncate(path, (await stat(path)).size - 1);
  logged.length = 0;
  const held = await recoverRuns(dataDir, systemClock, log);
  const { journal } = held.get("run-1")!;
  const [warning] = await journal.read(4, 4);
  expect(fromBinary(RecordSchema, warning!.payload).body).toMatchObject({
    case: "event",
    value: {
      kind: EventKind.WARNING,
      text: expect.stringMatching(/^\d+ bytes at the end of the journal.*record 4 was/),
    },
  });
  await journal.close();
  expect(logged).toMatchObject([{ run: "run-1", dropped: { reason: "record 4 was not written whole" } }]);
});

test("a full disk keeps no agent from starting: what is durable of the interrupted run is served", async () => {
  const path = await leave("run-1", MEASURED);
  await leave("run-2", [...MEASURED, END]);
  const { size } = await stat(path);
  // A limit of the process stands for a full disk: it needs no rights, and fails the same write.
  const script = join(import.meta.dirname, "held-runs.fixture.ts");
  const { stdout } = await run("prlimit", [`--fsize=${size}`, process.execPath, script, dataDir], {
    timeoutMs: 30_000,
  });
  const held: unknown = JSON.parse(stdout);
  expect(held).toEqual({
    "run-1": {
      outcome: Outcome.INTERRUPTED,
      reason: expect.stringMatching(
        /^the agent was ended in the middle of the run; its end cannot be written: .*EFBIG/,
      ),
      started: true,
      lastSeq: 4,
      read: 4,
    },
    "run-2": { outcome: Outcome.FINISHED, reason: "", started: true, lastSeq: 5, read: 5 },
  });
  expect((await recover()).get("run-1")?.status).toMatchObject({ outcome: Outcome.INTERRUPTED, lastSeq: 5 });
});

test("a journal that cannot be opened is held as damaged, and told to whoever collects it; others are as ever", async () => {
  const path = await leave("run-1", MEASURED);
  await leave("run-2", [...MEASURED, END]);
  const damaged = Buffer.from(await readFile(path));
  damaged.write("nonsense");
  await writeFile(path, damaged);
  const held = await recoverRuns(dataDir, systemClock, log);
  const { status, journal } = held.get("run-1")!;
  expect(status).toMatchObject({
    phase: RunPhase.ENDED,
    outcome: Outcome.INTERRUPTED,
    reason: expect.stringMatching(/its journal cannot be opened: .*not those of a version 1 journal/),
    lastSeq: 1,
  });
  await expect(journal.read(1, 1)).rejects.toMatchObject({ kind: "corrupt" });
  expect(held.get("run-2")?.status).toMatchObject({ outcome: Outcome.FINISHED, lastSeq: 5 });
  for (const each of held.values()) await each.journal.close();
  expect((await readFile(path)).equals(damaged)).toBe(true);
});

test("an agent takes no more runs when it holds a thousand, and says what to do", async () => {
  for (let number = 1; number < HELD_RUNS_MAX; number++)
    await mkdir(join(dataDir, "runs", `run-${number}`), { recursive: true });
  await leave("last", []);
  await expect(runFolders(dataDir).create("one-more")).rejects.toMatchObject({
    kind: "out-of-resources",
    message: "the agent holds 1000 runs that nobody has released",
    remedy: expect.stringContaining("salvo agents --release RUN"),
  });
  await runFolders(dataDir).remove("run-1");
  await leave("one-more", []);
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
