import { create } from "@bufbuild/protobuf";
import { type Manifest, ManifestSchema, type RunSpec, RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { expect, test } from "vitest";
import type { LiveView } from "../service/live.ts";
import type { StudyEvent } from "../service/study/events.ts";
import { silentIo } from "./io.ts";
import { showStudy } from "./study-show.ts";

const spec = (run: string): RunSpec =>
  create(RunSpecSchema, { run, scenario: "local", repeat: 1, workload: { name: "null" } });

const manifest = (run: string, verdict: string, reason = ""): Manifest =>
  create(ManifestSchema, {
    spec: spec(run),
    summary: { run, scenario: "local", workload: "null", repeat: 1, verdict, reason },
  });

const view = (phase: LiveView["phase"]): StudyEvent => ({
  type: "view",
  view: {
    run: "r",
    phase,
    tick: 0,
    ticks: 2,
    reported: 0,
    iops: 0,
    mibPerSec: 0,
    p99Us: undefined,
    leftMs: undefined,
    awaited: [],
  },
});

function* runOf(run: string, number: number, sealed: Manifest): Generator<StudyEvent> {
  yield { type: "run-begun", spec: spec(run), place: { number, of: 2 } };
  yield view("preflight");
  yield view("done");
  yield { type: "run-sealed", manifest: sealed };
}

async function shown(events: Iterable<StudyEvent>, { json = false, isTTY = false } = {}) {
  const [out, err]: string[][] = [[], []];
  const io = {
    ...silentIo(),
    stdout: { write: (text: string) => out!.push(text) },
    stderr: {
      columns: 200,
      write: (text: string) => err!.push(text),
      ...(isTTY && { clearLine: () => err!.push("\r\u001b[2K") }),
    },
  };
  async function* asTheyCome() {
    yield* events;
  }
  const study = await showStudy(asTheyCome(), { io, json });
  return { ...study, out: out!.join(""), err: err!.join("") };
}

const ENDED: StudyEvent = { type: "ended", reason: { type: "done" }, leftBehind: false };

test("each run has one line that is drawn anew, and stdout has results and nothing else", async () => {
  const { out, err, exitCode } = await shown(
    [
      ...runOf("run-1", 1, manifest("run-1", "complete")),
      ...runOf("run-2", 2, manifest("run-2", "aborted", "device sda is not listed")),
      ENDED,
    ],
    { json: true, isTTY: true },
  );
  const results = out.trim().split("\n");
  expect(results.map((line): unknown => JSON.parse(line))).toMatchObject([
    { run: "run-1", verdict: "complete" },
    { run: "run-2", verdict: "aborted" },
  ]);
  // Each run's line is drawn over and over, and ended before anything else is said.
  const lines = err.split("\n");
  expect(lines[0]).toMatch(/^\[1\/2\] local\/null {2}looking at the agents\r/);
  expect(lines[0]).toMatch(/\[2K\[1\/2\] local\/null {2}done$/);
  expect(lines[1]).toMatch(/\[2\/2\] local\/null {2}done$/);
  expect(lines[2]).toBe("run-2: aborted: device sda is not listed");
  expect(exitCode).toBe(5);
});

test("what happens beside the runs is told in sentences, below what was drawn by then", async () => {
  const problem = new SalvoError("unavailable", "no answer", { host: "target" });
  const { err, out } = await shown([
    { type: "nats", status: "away", url: "nats://n:4222" },
    { type: "nats", status: "back", url: "nats://n:4222" },
    { type: "nats", status: "died", reason: "nats-server ended with SIGKILL" },
    { type: "nats", status: "stale", reason: "ENOSPC" },
    { type: "warning", text: "the clock of guest1 is known to 7 ms only" },
    { type: "storage-step", text: "iscsi: attaching guest1" },
    { type: "storage-not-made", scenario: "iscsi", problem },
    { type: "storage-unknown", problem },
    { type: "left-open", run: "run-0", problem },
    { type: "ended", reason: { type: "unreachable", agents: ["guest1"], notBegun: 2 }, leftBehind: true },
  ]);
  expect(err.trimEnd().split("\n")).toEqual([
    "NATS at nats://n:4222 is not reachable: figures will come at the end",
    "NATS at nats://n:4222 is back",
    "the controller starts its NATS server again, and figures come later: nats-server ended with SIGKILL",
    "the controller could not tell its NATS server who may connect now: ENOSPC",
    "warning: the clock of guest1 is known to 7 ms only",
    "iscsi: attaching guest1",
    "iscsi: its storage could not be made, so none of its runs begins: target: no answer",
    "it is not known what storage an earlier study left: target: no answer",
    "run-0 cannot be brought to its end and stays open: target: no answer",
    "guest1 cannot be reached, twice in a row: 2 more runs were not begun",
  ]);
  expect(out).toBe("");
});

test("the exit code is that of the worst that happened", async () => {
  const ofRun = (verdict: string) => [...runOf("run-1", 1, manifest("run-1", verdict))];
  const ended = (type: "done" | "stopped", leftBehind: boolean): StudyEvent => ({
    type: "ended",
    reason: { type },
    leftBehind,
  });
  expect((await shown([...ofRun("complete"), ENDED])).exitCode).toBe(0);
  expect((await shown([...ofRun("degraded"), ENDED])).exitCode).toBe(3);
  expect((await shown([...ofRun("degraded"), ended("done", true)])).exitCode).toBe(6);
  expect((await shown([...ofRun("aborted"), ended("stopped", true)])).exitCode).toBe(130);
});

test("of an earlier life anything that was found counts, also a run that stays open", async () => {
  const found = async (runs: number, storage: boolean) =>
    (await shown([{ type: "looked-back", runs, storage }, ENDED])).foundLeft;
  expect(await Promise.all([found(0, false), found(1, false), found(0, true)])).toEqual([false, true, true]);
});
