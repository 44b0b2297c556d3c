import { create } from "@bufbuild/protobuf";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { createChannel } from "@salvo/shared/kernel/channel.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { expect, test } from "vitest";
import type { StudyEvent } from "../service/study/events.ts";
import { type Desk, openDesk } from "./desk.ts";

const SPEC = create(RunSpecSchema, {
  run: "run-1",
  scenario: "s",
  workload: { name: "w" },
  repeat: 1,
  intervalMs: 1000,
});

/** Studies whose events the test sends. Each ends when its signal is given. */
function desk() {
  const studies = new Map<string, ReturnType<typeof createChannel<StudyEvent>>>();
  const opened = openDesk({
    async check(file) {
      if (file === "bad.yaml") throw new SalvoError("invalid-input", "line 3 is wrong");
    },
    async run(file, signal) {
      const events = createChannel<StudyEvent>();
      studies.set(file, events);
      signal.addEventListener("abort", () => events.close());
      return events;
    },
  });
  return { desk: opened, studies };
}

/** Waits, by the desk's own word, until its state is so. */
async function until(watched: Desk, is: (state: ReturnType<Desk["state"]>) => boolean): Promise<void> {
  const there = Promise.withResolvers<void>();
  const look = () => is(watched.state()) && there.resolve();
  using _ = watched.follow(look);
  look();
  await there.promise;
}

test("studies run one after another, and a state tells what its events have told", async () => {
  const { desk: opened, studies } = desk();
  await using watched = opened;
  await watched.start("a.yaml");
  await watched.start("b.yaml");
  await until(watched, ({ study }) => study?.file === "a.yaml");
  expect(watched.state().queue).toEqual([{ id: 2, file: "b.yaml" }]);
  const first = studies.get("a.yaml")!;
  first.push({ type: "planned", runs: [SPEC] });
  first.push({ type: "warning", text: "a clock is far away" });
  first.push({ type: "run-begun", spec: SPEC, place: { number: 1, of: 1 } });
  const figures = { iops: 10, mibPerSec: 1, p99Us: undefined, leftMs: 500, awaited: [] };
  for (const tick of [1, 1, 2])
    first.push({ type: "view", view: { run: "run-1", phase: "running", tick, ticks: 9, reported: 1, ...figures } });
  await until(watched, ({ study }) => study?.live?.tick === 2);
  expect(watched.state().study).toMatchObject({
    runs: [{ run: "run-1", title: "s/w", repeat: 1 }],
    notes: ["warning: a clock is far away"],
    live: { title: "s/w", phase: "running", points: [{ atS: 1 }, { atS: 2 }] },
  });
  first.close();
  await until(watched, ({ study, last }) => study?.file === "b.yaml" && last?.file === "a.yaml");
});

test("a study that cannot run is not queued; one that fails tells why, and the next one runs", async () => {
  const { desk: opened, studies } = desk();
  await using watched = opened;
  await expect(watched.start("bad.yaml")).rejects.toMatchObject({ message: "line 3 is wrong" });
  expect(watched.state().queue).toEqual([]);
  await watched.start("a.yaml");
  await watched.start("b.yaml");
  await until(watched, ({ study }) => study?.file === "a.yaml" && studies.has("a.yaml"));
  studies.get("a.yaml")!.close(new SalvoError("refused", "another controller has the data folder"));
  await until(watched, ({ study }) => study?.file === "b.yaml");
  expect(watched.state().last).toMatchObject({ file: "a.yaml", problem: "another controller has the data folder" });
});

test("only the present study is stopped, and only one that waits is withdrawn", async () => {
  const { desk: opened } = desk();
  await using watched = opened;
  await watched.start("a.yaml");
  await watched.start("b.yaml");
  await until(watched, ({ study }) => study?.id === 1);
  expect(() => watched.stop(2)).toThrow("does not run any more");
  expect(() => watched.withdraw(1)).toThrow("does not wait any more");
  watched.withdraw(2);
  watched.stop(1);
  await until(watched, ({ study, last }) => study === undefined && last?.stopping === true);
});

test("its end stops the present study and drops those that wait", async () => {
  const { desk: watched } = desk();
  await watched.start("a.yaml");
  await watched.start("b.yaml");
  await until(watched, ({ study }) => study?.id === 1);
  await watched[Symbol.asyncDispose]();
  expect(watched.state()).toMatchObject({ queue: [], last: { file: "a.yaml", stopping: true } });
  await expect(watched.start("c.yaml")).rejects.toMatchObject({ kind: "wrong-state" });
});
